#include "output.hpp"
#include "../standard_output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <scout/core/json_text.hpp>

namespace scout::command {

void print_json(std::initializer_list<Member> members) {
  std::string text;
  for (const Member& member : members) {
    text += text.empty() ? "{" : ",";
    append_json_string(text, member.name);
    text += ':';
    if (member.is_json) {
      text += member.value;
    } else {
      append_json_string(text, member.value);
    }
  }
  standard_output::print("{}}}\n", text);
}

int fail(const Error& error, bool json) {
  if (json) {
    print_json({{"type", "error"}, {"message", error.message}});
  } else {
    standard_output::print(stderr, "scout: {}\n", error.message);
  }
  return 1;
}

ProgressLine::ProgressLine(bool wanted) : visible_(wanted && ::isatty(STDERR_FILENO) != 0) {}

void ProgressLine::clear() {
  if (!shown_.empty()) standard_output::print(stderr, "\r\x1b[K");
  shown_.clear();
}

void ProgressLine::show(std::uint64_t received, std::uint64_t total) {
  if (!visible_ || received == 0) return;
  constexpr std::uint64_t width = 30;
  constexpr double mebibyte = 1 << 20;
  const auto done = static_cast<double>(received) / mebibyte;
  std::string line;
  if (total == 0) {
    line = fmt::format("{:.1f} MiB", done);
  } else {
    const auto filled = static_cast<std::size_t>(std::min(width, width * received / total));
    line = fmt::format("[{}{}] {:3}%  {:.1f} of {:.1f} MiB", std::string(filled, '#'), std::string(width - filled, ' '),
                       std::min<std::uint64_t>(100, 100 * received / total), done, static_cast<double>(total) / mebibyte);
  }
  if (line == shown_) return;
  standard_output::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
  shown_ = std::move(line);
}

}  // namespace scout::command
