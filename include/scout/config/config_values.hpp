#ifndef SCOUT_CONFIG_CONFIG_VALUES_HPP
#define SCOUT_CONFIG_CONFIG_VALUES_HPP

// The values of each KeyType: from an environment variable's text to the type that Config has for them, from there to the
// type that FinalConfig has, and to text for messages. finalize.hpp is the only user.

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "address.hpp"
#include "config_key.hpp"
#include "conversions.hpp"

namespace scout::inline v0::detail {

// A value as it stands in a message.
inline std::string value_text(const std::string& value) { return '\'' + value + '\''; }
inline std::string value_text(bool value) { return value ? "true" : "false"; }
inline std::string value_text(int value) { return std::to_string(value); }
inline std::string value_text(std::size_t value) { return std::to_string(value); }
inline std::string value_text(unsigned mode) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, mode, 8).ptr};
}
inline std::string value_text(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}
inline std::string value_text(const std::optional<double>& value) { return value ? value_text(*value) : "none"; }
inline std::string value_text(LogLevel level) { return std::string(log_level_name(level)); }
inline std::string value_text(const Address& address) { return address.text(); }
inline std::string value_text(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
  return '[' + text + ']';
}
inline std::string value_text(const Rates& rates) {
  std::string text;
  for (const auto& [prefix, rate] : rates) text += (text.empty() ? "" : ",") + prefix + ':' + value_text(rate);
  return '[' + text + ']';
}

// What a value of the type looks like, for the message that says that one does not.
constexpr std::string_view expectation(KeyType type) noexcept {
  switch (type) {
    case KeyType::text:
    case KeyType::name: return "a text";
    case KeyType::boolean: return "true or false";
    case KeyType::integer: return "a number of at least 1";
    case KeyType::seconds: return "a number of seconds";
    case KeyType::list:
    case KeyType::prefixes: return "a list";
    case KeyType::rate: return "a rate from 0 to 1 or a percentage";
    case KeyType::rates: return "a list of prefix:rate";
    case KeyType::octal: return "a file mode in octal digits";
    case KeyType::level: return "one of debug, info, warning, error, off";
    case KeyType::core_level: return "one of trace, debug, info, warn, error";
    case KeyType::reporting: return "one of filtered_params, path, full_path";
    case KeyType::address: return "tcp://host:port, unix:path, a path or auto";
    case KeyType::triple: return "an architecture and a platform as in x86_64-unknown-linux-musl";
    case KeyType::power_of_two: return "a power of two from 4096 to 67108864";
  }
  return "";
}

inline std::optional<std::string> from_text(std::string_view text, std::optional<std::string>) { return std::string(text); }
inline std::optional<bool> from_text(std::string_view text, std::optional<bool>) { return parse_bool(text); }
inline std::optional<int> from_text(std::string_view text, std::optional<int>) { return parse_number<int>(text); }
inline std::optional<double> from_text(std::string_view text, std::optional<double>) { return parse_real(text); }
inline std::optional<Rates> from_text(std::string_view text, std::optional<Rates>) { return parse_rates(text); }
inline std::optional<std::vector<std::string>> from_text(std::string_view text, std::optional<std::vector<std::string>>) {
  return parse_list(text);
}

// Those that Scout's agents know, whether there is a build of each version for it or not.
inline bool is_triple(std::string_view text) noexcept {
  for (const std::string_view architecture : {"x86_64-", "aarch64-", "i686-", "unknown-"}) {
    if (!text.starts_with(architecture)) continue;
    const std::string_view platform = text.substr(architecture.size());
    return platform == "unknown-linux-musl" || platform == "unknown-linux-gnu" || platform == "apple-darwin" ||
           platform == "unknown";
  }
  return false;
}

enum class Fit {
  good,
  clamped,  // out of range: the nearest value is used; of a list, the entries that can be
  bad,      // the next layer is asked
  none      // likewise, as if nothing were given
};
constexpr bool is_usable(Fit fit) noexcept { return fit == Fit::good || fit == Fit::clamped; }
constexpr Fit good_if(bool good) noexcept { return good ? Fit::good : Fit::bad; }

inline Fit accept(KeyType type, const std::string& given, std::string& value) {
  if (type == KeyType::name && given.empty()) return Fit::none;
  value = type == KeyType::text || type == KeyType::name ? given : lower(trimmed(given));
  if (type == KeyType::reporting) {
    if (value == "filtered-params") value = "filtered_params";  // the Node agent's spelling
    return good_if(value == "filtered_params" || value == "path" || value == "full_path");
  }
  if (type == KeyType::core_level) {
    if (value == "warning") value = "warn";
    return good_if(value == "trace" || value == "debug" || value == "info" || value == "warn" || value == "error");
  }
  return good_if(type != KeyType::triple || is_triple(value));
}

inline Fit accept(KeyType, const std::string& given, LogLevel& value) {
  const auto level = parse_log_level(lower(trimmed(given)));
  if (level) value = *level;
  return good_if(level.has_value());
}

inline Fit accept(KeyType, const std::string& given, unsigned& value) {
  const auto mode = parse_number<unsigned>(given, 8);
  if (mode) value = *mode;
  return good_if(mode && *mode <= 0777);
}

inline Fit accept(KeyType, const std::string& given, Address& value) {
  auto address = parse_address(trimmed(given));
  if (address) value = std::move(*address);
  return good_if(address.has_value());
}

inline Fit accept(KeyType, bool given, bool& value) {
  value = given;
  return Fit::good;
}

inline Fit accept(KeyType, int given, int& value) {
  value = given;
  return good_if(given >= 1);
}

inline Fit accept(KeyType, int given, std::size_t& value) {
  value = static_cast<std::size_t>(given);
  return good_if(given >= 4096 && given <= 1 << 26 && std::has_single_bit(value));
}

inline Fit accept(KeyType type, double given, double& value) {
  value = given;
  if (!is_finite(given)) return Fit::bad;
  if (type != KeyType::rate) return good_if(given >= 0);
  if (value > 1) value /= 100;
  if (value >= 0 && value <= 1) return Fit::good;
  value = value < 0 ? 0 : 1;
  return Fit::clamped;
}

inline Fit accept(KeyType type, double given, std::optional<double>& value) { return accept(type, given, value.emplace()); }

inline Fit accept(KeyType type, const std::vector<std::string>& given, std::vector<std::string>& value) {
  for (const auto& text : given) {
    const std::string_view item = type == KeyType::prefixes ? prefix_pattern(text) : text;
    if (!item.empty()) value.emplace_back(item);
  }
  return Fit::good;
}

inline Fit accept(KeyType, const Rates& given, Rates& value) {
  Fit worst = Fit::good;
  std::size_t bad = 0;
  for (const auto& [prefix, rate] : given) {
    double share = 0;
    const Fit fit = accept(KeyType::rate, rate, share);
    worst = std::max(worst, fit);
    if (fit == Fit::bad) {
      ++bad;
    } else if (const auto pattern = prefix_pattern(prefix); !pattern.empty()) {
      value.emplace_back(pattern, share);
    }
  }
  return bad != 0 && bad < given.size() ? Fit::clamped : worst;
}

}  // namespace scout::inline v0::detail

#endif
