#include "recording.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "../standard_output.hpp"
#include "json_string.hpp"

namespace scout::local_agent {
namespace {

std::string one_line(std::string_view json) {
  std::string out(json.size(), '\0');
  std::size_t size = 0;
  if (simdjson::minify(json.data(), json.size(), out.data(), size) != simdjson::SUCCESS) return "null";
  out.resize(size);
  return out;
}

}  // namespace

Expected<Recording> Recording::create(const std::string& path) {
  Recording recording;
  recording.file_.reset(std::fopen(path.c_str(), "we"));
  if (!recording.file_) return Error{ErrorCode::file, fmt::format("cannot write {}: {}", path, std::strerror(errno))};
  return recording;
}

void Recording::opened(std::uint64_t connection) { write(fmt::format(R"({{"ev":"open","conn":{}}})", connection)); }

void Recording::message(std::uint64_t connection, std::uint64_t n, std::string_view payload, std::string_view type,
                        const std::vector<std::string>& bad) {
  std::string complaints;
  for (const std::string& complaint : bad) {
    if (!complaints.empty()) complaints += ',';
    append_json_string(complaints, complaint);
  }
  write(fmt::format(R"({{"ev":"msg","conn":{},"n":{},"len":{},"type":{},"body":{},"bad":[{}]}})", connection, n, payload.size(),
                    json_string(type), one_line(payload), complaints));
}

void Recording::bad_json(std::uint64_t connection, std::uint64_t n, std::size_t length, std::string_view why) {
  write(fmt::format(R"({{"ev":"bad-json","conn":{},"n":{},"len":{},"why":{}}})", connection, n, length, json_string(why)));
}

void Recording::bad_frame(std::uint64_t connection, std::string_view why) {
  write(fmt::format(R"({{"ev":"bad-frame","conn":{},"why":{}}})", connection, json_string(why)));
}

void Recording::closed(std::uint64_t connection, std::size_t left) {
  write(fmt::format(R"({{"ev":"eof","conn":{},"left":{}}})", connection, left));
}

void Recording::write(std::string line) {
  if (!file_) return;
  line += '\n';
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() && std::fflush(file_.get()) == 0;
  if (!written && !failed_) {
    standard_output::print(stderr, "scout-local-agent: the recording is incomplete: {}\n", std::strerror(errno));
  }
  failed_ = failed_ || !written;
}

Expected<void> read_recording(const std::string& path, const std::function<void(simdjson::dom::element)>& take) {
  const auto unreadable = [&] { return Error{ErrorCode::file, fmt::format("cannot read {}: {}", path, std::strerror(errno))}; };
  std::ifstream file{path};
  if (!file) return unreadable();
  simdjson::dom::parser parser;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    simdjson::dom::element event, body;
    if (parser.parse(line).get(event) != simdjson::SUCCESS) {
      if (file.eof()) break;  // somebody is writing this line
      return Error{ErrorCode::protocol, fmt::format("{}, line {}: no JSON", path, number)};
    }
    if (event["body"].get(body) == simdjson::SUCCESS) take(body);
  }
  if (file.bad()) return unreadable();  // a directory can be opened
  return {};
}

}  // namespace scout::local_agent
