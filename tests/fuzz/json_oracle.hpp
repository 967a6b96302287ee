#ifndef SCOUT_TESTS_FUZZ_JSON_ORACLE_HPP
#define SCOUT_TESTS_FUZZ_JSON_ORACLE_HPP

// What JSON has to be, by simdjson's word: strict, and its strings the bytes that went in, where those are no UTF-8 repaired
// as the Unicode standard recommends (a U+FFFD for each maximal part of a character).

#include <simdjson.h>

#include <string>
#include <string_view>

#include "property.hpp"

namespace fuzz {

class StrictJson {
 public:
  // Valid until the next call.
  simdjson::dom::element parse(std::string_view text) {
    simdjson::dom::element element;
    require(text.find('\n') == std::string_view::npos, "JSON is one line", text);
    require(parser_.allocate(text.size() + 1, text.size() + 1) == simdjson::SUCCESS, "there is memory");
    require(parser_.parse(simdjson::padded_string(text)).get(element) == simdjson::SUCCESS, "it is strict JSON", text);
    return element;
  }

 private:
  simdjson::dom::parser parser_;
};

inline std::string_view string_of(simdjson::dom::element element) {
  std::string_view text;
  require(element.get(text) == simdjson::SUCCESS, "it is a string");
  return text;
}

// The bytes of the character that `text` begins with, or of the part of one that is replaced.
inline std::size_t unit_size(std::string_view text, bool& valid) {
  const auto is_utf8 = [](const std::string& bytes) { return simdjson::validate_utf8(bytes); };
  valid = true;
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(std::string(text.substr(0, size)))) return size;
  }
  valid = false;
  for (std::size_t size = 3; size > 1; --size) {  // the beginning of a character can be completed
    const std::string part(text.substr(0, size));
    if (part.size() == size && (is_utf8(part + '\x80') || is_utf8(part + "\x80\x80"))) return size;
  }
  return 1;
}

inline std::string repaired(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool valid = false;
    const std::size_t size = unit_size(text, valid);
    out += valid ? text.substr(0, size) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace fuzz

#endif
