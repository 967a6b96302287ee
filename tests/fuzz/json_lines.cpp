// Writes JSON for json_and_python.py. Each line of standard input is a kind and bytes in hexadecimal digits; each line of
// standard output is the JSON of them: a text, a double's bits, a stream of tokens, or a transaction that is named so.

#include <scout/collect/tag_json.hpp>
#include <scout/core_agent/json_encoder.hpp>

#include <bit>
#include <cstring>
#include <iostream>
#include <string>

using namespace scout;

namespace {

std::string bytes_of(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string transaction(const std::string& name) {
  const Time time{std::chrono::seconds(1'700'000'000)};
  std::string value;
  append_json_string(value, name);
  const TagView tag(name, value);
  const SpanView root({1, 2}, {}, name, time, time, std::span(&tag, 1));
  const Trace trace({3, 4}, time, time, std::span(&tag, 1), std::span(&root, 1), 0);
  JsonEncoder encoder;
  std::string text(encoder.encode(trace, {}), '\0');
  encoder.encode(trace, text);
  return text;
}

std::string json(const std::string& kind, const std::string& bytes) {
  std::string out;
  if (kind == "transaction") return transaction(bytes);
  if (kind == "text") {
    append_json_string(out, bytes);
  } else if (kind == "tokens") {
    detail::append_tag_json(out, detail::RecordKind::tag, 0, 0, bytes);
  } else if (kind == "real") {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data(), std::min(bytes.size(), sizeof bits));
    append_json_number(out, std::bit_cast<double>(bits));
  }
  return out;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string kind, digits; std::getline(std::cin, kind, ' ') && std::getline(std::cin, digits);) {
    std::cout << json(kind, bytes_of(digits)) << '\n';
  }
}
