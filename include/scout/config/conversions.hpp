#ifndef SCOUT_CONFIG_CONVERSIONS_HPP
#define SCOUT_CONFIG_CONVERSIONS_HPP

// From the text of an environment variable to a configuration value. Nothing: the text has no such value.

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>
#ifndef __cpp_lib_to_chars
#  include <locale>
#  include <sstream>
#endif

#include "../core/json_text.hpp"
#include "config.hpp"

namespace scout::inline v0::detail {

inline std::string_view trimmed(std::string_view text, std::string_view leading = " \t", std::string_view trailing = " \t") {
  const auto first = text.find_first_not_of(leading);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(trailing) - first + 1);
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

template <std::integral Integer>
std::optional<Integer> parse_number(std::string_view text, int base = 10) {
  text = trimmed(text);
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A finite one, in no locale.
inline std::optional<double> parse_real(std::string_view text) {
  text = trimmed(text);
  double value = 0;
#ifdef __cpp_lib_to_chars
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
#else  // libc++, which had none for reals before 20
  if (text.starts_with('+') || text.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return std::nullopt;
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  if (!(in >> value) || !in.eof()) return std::nullopt;
#endif
  if (!is_finite(value)) return std::nullopt;
  return value;
}

inline std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = lower(trimmed(text));
  if (word == "yes" || word == "true" || word == "t" || word == "1") return true;
  if (word == "no" || word == "false" || word == "f" || word == "0" || word.empty()) return false;
  return std::nullopt;
}

inline void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
    }
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

// A JSON array of strings, strictly.
class StringArrayParser {
 public:
  explicit StringArrayParser(std::string_view text) : rest_(text) {}

  std::optional<std::vector<std::string>> parse() {
    std::vector<std::string> items;
    if (!take('[')) return std::nullopt;
    if (!take(']')) {
      do {
        auto item = string();
        if (!item) return std::nullopt;
        items.push_back(std::move(*item));
      } while (take(','));
      if (!take(']')) return std::nullopt;
    }
    skip_blanks();
    if (!rest_.empty()) return std::nullopt;
    return items;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  bool take(char wanted) {
    skip_blanks();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const auto place = letters.find(c); place != std::string_view::npos) {
      out += meanings[place];
      return true;
    }
    const auto code = c == 'u' ? code_unit() : std::nullopt;
    if (!code || (*code >= 0xdc00 && *code < 0xe000)) return false;
    if (*code < 0xd800 || *code >= 0xe000) {
      append_utf8(out, *code);
      return true;
    }
    if (!rest_.starts_with("\\u")) return false;
    rest_.remove_prefix(2);
    const auto low = code_unit();
    if (!low || *low < 0xdc00 || *low >= 0xe000) return false;
    append_utf8(out, 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00));
    return true;
  }

  std::optional<unsigned> code_unit() {
    if (rest_.size() < 4 || rest_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return std::nullopt;
    const auto code = parse_number<unsigned>(rest_.substr(0, 4), 16);
    rest_.remove_prefix(4);
    return code;
  }

  std::string_view rest_;
};

// a,b with blanks around, or ["a","b"]; empty parts are left out.
inline std::optional<std::vector<std::string>> parse_list(std::string_view text) {
  std::vector<std::string> items;
  if (trimmed(text).starts_with('[')) {
    auto parsed = StringArrayParser(text).parse();
    if (!parsed) return std::nullopt;
    items = std::move(*parsed);
  } else {
    for (std::size_t start = 0; start <= text.size();) {
      const auto end = std::min(text.find(',', start), text.size());
      items.emplace_back(trimmed(text.substr(start, end - start)));
      start = end + 1;
    }
  }
  std::erase_if(items, [](const std::string& item) { return item.empty(); });
  return items;
}

// "/users/" and "users/" mean the same; a pattern that is left empty would match everything and is skipped.
inline std::string_view prefix_pattern(std::string_view text) { return trimmed(text, " \t/"); }

// prefix:rate,… or ["prefix:rate",…]. The last colon counts, so a prefix may contain some. What is neither has the rate NaN.
inline std::optional<Rates> parse_rates(std::string_view text) {
  const auto items = parse_list(text);
  if (!items) return std::nullopt;
  Rates rates;
  for (const std::string_view item : *items) {
    const auto colon = item.rfind(':');
    const auto rate = colon == std::string_view::npos ? std::nullopt : parse_real(item.substr(colon + 1));
    rates.emplace_back(trimmed(item.substr(0, colon)), rate.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return rates;
}

}  // namespace scout::inline v0::detail

#endif
