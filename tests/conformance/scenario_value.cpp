#include "scenario_value.hpp"

#include <chrono>
#include <cstdint>
#include <limits>

namespace conformance {
namespace {

bool has(element json, std::string_view form) { return json.is_object() && find(json, form).has_value(); }

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
  int digits;  // of a fraction down to the nanosecond
};
constexpr Unit units[] = {{"s", 1'000'000'000, 9}, {"ms", 1'000'000, 6}, {"us", 1'000, 3}, {"ns", 1, 0}};

std::string epoch_digits(element json) {
  using namespace std::chrono;
  const auto name = get<std::string_view>(json, "$epoch");
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const auto before = static_cast<std::int64_t>(get_or<double>(json, "minus_s", 0) * 1e9);
    const std::int64_t then = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count() - before;
    const std::string whole = fmt::format("{}", then / unit.nanoseconds);
    if (unit.digits == 0 || !get_or<bool>(json, "fraction", false)) return whole;
    return fmt::format("{}.{:0{}}", whole, then % unit.nanoseconds, unit.digits);
  }
  throw Malformed(fmt::format("'{}' is no unit of time", name));
}

std::string repeated(element json) {
  const auto text = get<std::string_view>(json, "$repeat");
  std::string whole;
  for (auto times = get<std::uint64_t>(json, "times"); times > 0; --times) whole += text;
  return whole;
}

void write_moment(scout::TagWriter& writer, const Value& value) {
  std::visit(
      [&](const auto& moment) {
        if constexpr (scout::Taggable<std::decay_t<decltype(moment)>>) writer.value(moment);
      },
      moment_of(value));
}

}  // namespace

void to_json(scout::TagWriter& writer, const Value& value) {
  const element json = value.json;
  if (has(json, "$epoch")) return write_moment(writer, value);
  if (has(json, "$repeat")) return writer.value(repeated(json));
  if (has(json, "$nan")) return writer.value(std::numeric_limits<double>::quiet_NaN());
  if (has(json, "$object")) return writer.value(nullptr);
  switch (json.type()) {
    case simdjson::dom::element_type::ARRAY:
      writer.begin_array();
      for (const element item : as<array>(json, "value")) to_json(writer, {item});
      return writer.end_array();
    case simdjson::dom::element_type::OBJECT:
      writer.begin_object();
      for (const auto member : as<object>(json, "value")) {
        writer.key(member.key);
        to_json(writer, {member.value});
      }
      return writer.end_object();
    case simdjson::dom::element_type::INT64: return writer.value(json.get_int64().value_unsafe());
    case simdjson::dom::element_type::UINT64: return writer.value(json.get_uint64().value_unsafe());
    case simdjson::dom::element_type::DOUBLE: return writer.value(json.get_double().value_unsafe());
    case simdjson::dom::element_type::STRING: return writer.value(json.get_string().value_unsafe());
    case simdjson::dom::element_type::BOOL: return writer.value(json.get_bool().value_unsafe());
    case simdjson::dom::element_type::NULL_VALUE: return writer.value(nullptr);
  }
}

bool is_taggable(Value value) { return !has(value.json, "$object"); }

std::string text_of(Value value) {
  const element json = value.json;
  if (has(json, "$epoch")) return std::string(get_or<std::string_view>(json, "prefix", "")) + epoch_digits(json);
  if (has(json, "$repeat")) return repeated(json);
  if (json.is_string()) return std::string(as<std::string_view>(json, "value"));
  return json.is_null() ? "" : simdjson::to_string(json);
}

Moment moment_of(Value value) {
  const element json = value.json;
  if (has(json, "$epoch")) {
    const auto form = get_or<std::string_view>(json, "as", "");
    const bool text = form.starts_with("str") || form == "text" || !get_or<std::string_view>(json, "prefix", "").empty();
    if (text) return text_of(value);
    const std::string digits = epoch_digits(json);
    if (form == "float" || digits.find('.') != std::string::npos) return std::stod(digits);
    return static_cast<std::int64_t>(std::stoll(digits));
  }
  if (json.is_string() || has(json, "$repeat")) return text_of(value);
  if (json.is_int64()) return as<std::int64_t>(json, "value");
  if (json.is_number()) return as<double>(json, "value");
  if (has(json, "$nan")) return std::numeric_limits<double>::quiet_NaN();
  return {};
}

}  // namespace conformance
