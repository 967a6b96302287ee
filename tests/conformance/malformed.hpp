#ifndef SCOUT_TESTS_CONFORMANCE_MALFORMED_HPP
#define SCOUT_TESTS_CONFORMANCE_MALFORMED_HPP

// A scenario that cannot be understood, and the members of its steps: looked up by name, of the wanted type or malformed.

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <stdexcept>
#include <string_view>

namespace conformance {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct Malformed : std::runtime_error {
  using runtime_error::runtime_error;
};

inline std::optional<element> find(element step, std::string_view member) {
  element value;
  if (step[member].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

template <class T>
T as(element value, std::string_view member) {
  T converted;
  if (value.get(converted) != simdjson::SUCCESS) throw Malformed(fmt::format("'{}' has a value of the wrong type", member));
  return converted;
}

inline element get(element step, std::string_view member) {
  const auto value = find(step, member);
  if (!value) throw Malformed(fmt::format("'{}' is missing in {}", member, simdjson::to_string(step)));
  return *value;
}

template <class T>
T get(element step, std::string_view member) {
  return as<T>(get(step, member), member);
}

// `fallback` where the member is absent or null.
template <class T>
T get_or(element step, std::string_view member, T fallback) {
  const auto value = find(step, member);
  return value && !value->is_null() ? as<T>(*value, member) : fallback;
}

}  // namespace conformance

#endif
