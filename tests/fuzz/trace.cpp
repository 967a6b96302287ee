// The headers traceparent and tracestate, a line each, as they arrive at parse_trace_parent() and parse_trace_state().

#include <scout/web/trace_parent.hpp>

#include <map>
#include <regex>
#include <string>
#include <vector>

#include "property.hpp"

namespace web = scout::web;
using fuzz::require, fuzz::require_same;

namespace {

std::string without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

// The recommendation's own grammar.
std::string expected_parent(std::string_view header) {
  static const std::regex form("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^]*)?");
  const std::string text = without_blanks(header);
  std::smatch parts;
  if (text.find('\0') != std::string::npos && text.find('\0') < web::TraceParent::size) return "";
  if (!std::regex_match(text, parts, form)) return "";
  const std::string zeros(32, '0');
  if (parts[1] == "ff" || (parts[1] == "00" && parts[5].matched)) return "";
  if (parts[2] == zeros || parts[3] == zeros.substr(16)) return "";
  return "00-" + parts[2].str() + '-' + parts[3].str() + "-0" + std::to_string(std::stoi(parts[4], nullptr, 16) & 3);
}

void check_parent(std::string_view header) {
  const auto parent = web::parse_trace_parent(header);
  const std::string text = parent ? std::string(std::string_view(parent->text())) : "";
  require_same(text, expected_parent(header), "a traceparent is what the recommendation says");
  if (parent) require(web::parse_trace_parent(text) == parent, "what is written is read as it was");
}

void check_state(std::string_view header) {
  const auto state = web::parse_trace_state(header);
  if (!state) return;
  const std::string text(state->text());
  require(text.size() <= web::longest_trace_state, "a tracestate is bounded");
  const auto again = web::parse_trace_state(text);
  require(again.has_value(), "a tracestate that is passed on is valid", text);
  require_same(again->text(), text, "and is passed on as it is");
  std::map<std::string, int> keys;
  std::string_view rest = text;
  std::string_view searched = header;
  while (!rest.empty()) {
    const std::string_view member = fuzz::take_until(rest, ',');
    require(++keys[std::string(member.substr(0, member.find('=')))] == 1, "each key is there once");
    const auto found = searched.find(member);
    require(found != std::string_view::npos, "members keep their order", text);
    searched.remove_prefix(found + member.size());
  }
  require(keys.size() <= 32, "there are at most 32 members");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  check_parent(fuzz::take_until(rest, '\n'));
  check_state(rest);
  return 0;
}
