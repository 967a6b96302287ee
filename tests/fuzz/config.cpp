// Configuration in any layer. A line of an input is a variable of the environment, "SCOUT_SAMPLE_RATE=0.5", or a field set
// in code, "sample_rate: 0.5"; items of lists in code are separated by '|', their rates by '='.

#include <simdjson.h>
#include <scout/config/finalize.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "property.hpp"

using namespace scout;
using fuzz::require, fuzz::require_same;
using Items = std::vector<std::string>;

namespace {

const ProcessFacts facts{"program", "host", "/folder", "x86_64-unknown-linux-musl"};

// Into code: deliberately without the conversions of the library.
std::string in_code(std::string_view text, std::optional<std::string>) { return std::string(text); }
bool in_code(std::string_view text, std::optional<bool>) { return text == "true"; }
double in_code(std::string_view text, std::optional<double>) { return std::strtod(std::string(text).c_str(), nullptr); }
int in_code(std::string_view text, std::optional<int>) {
  return static_cast<int>(std::clamp(std::strtol(std::string(text).c_str(), nullptr, 10), -1L << 31, (1L << 31) - 1));
}
Items in_code(std::string_view text, std::optional<Items>) {
  Items items;
  while (!text.empty()) items.emplace_back(fuzz::take_until(text, '|'));
  return items;
}
Rates in_code(std::string_view text, std::optional<Rates>) {
  Rates rates;
  for (const std::string& item : in_code(text, std::optional<Items>())) {
    const auto equals = std::min(item.find('='), item.size());
    rates.emplace_back(item.substr(0, equals), in_code(std::string_view(item).substr(equals == item.size() ? equals : equals + 1),
                                                       std::optional<double>()));
  }
  return rates;
}

// How a value is written into the environment.
std::string json(const Items& items) {
  std::string text;
  for (const auto& item : items) {
    text += text.empty() ? "[\"" : ",\"";
    for (const char c : item) {
      constexpr const char* digits = "0123456789abcdef";
      if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
        text += {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
      } else {
        text += c;
      }
    }
    text += '"';
  }
  return text.empty() ? "[]" : text + ']';
}
std::string spelled(const std::string& value) { return value; }
std::string spelled(const Items& value) { return json(value); }
std::string spelled(const Rates& value) {
  Items items;
  for (const auto& [prefix, rate] : value) items.push_back(prefix + ':' + detail::value_text(rate));
  return json(items);
}
std::string spelled(const auto& value) { return detail::value_text(value); }

struct Given {
  Config code;
  std::vector<Environment::Variable> variables;  // a name once
  Items fields;

  const std::string* find(std::string_view name) const {
    for (const auto& variable : variables) {
      if (variable.first == name) return &variable.second;
    }
    return nullptr;
  }
};

Given given_by(std::string_view input) {
  Given given;
  for (int lines = 0; lines < 8 && !input.empty(); ++lines) {
    const auto line = fuzz::take_until(input, '\n');
    const auto end = line.find_first_of("=:");
    if (end == std::string_view::npos) continue;
    const std::string name(line.substr(0, end));
    if (line[end] == '=') {
      if (given.find(name) == nullptr) given.variables.emplace_back(name, line.substr(end + 1));
    } else {
      detail::for_each_config_field([&](const auto& field) {
        if (field.name != name) return;
        given.code.*field.given = in_code(line.substr(std::min(end + 2, line.size())), given.code.*field.given);
        given.fields.push_back(name);
      });
    }
  }
  return given;
}

std::ptrdiff_t complaints(const FinalConfig& config, const std::string& beginning) {
  return std::count_if(config.problems.begin(), config.problems.end(),
                       [&](const auto& problem) { return problem.starts_with(beginning); });
}

// Whether a usable value is out of range, so that the nearest one is used.
bool is_clamped(KeyType type, double rate) { return type == KeyType::rate && !(rate >= 0 && rate <= 100); }
bool is_clamped(KeyType, const Rates& rates) {
  return std::any_of(rates.begin(), rates.end(), [](const auto& rate) { return is_clamped(KeyType::rate, rate.second); });
}
bool is_clamped(KeyType, const auto&) { return false; }

// Holds every key against what each of its layers gives alone: the first that is usable counts, and every unusable one
// that was asked is reported once, with the value that is used instead.
class LayerCheck {
 public:
  LayerCheck(const Given& given, const FinalConfig& config) : given_(given), config_(config) {
    if (const auto* slug = given.find("HEROKU_SLUG_COMMIT")) derived_.emplace_back("HEROKU_SLUG_COMMIT", *slug);
    standard_ = finalize({}, Environment(derived_), facts);
  }

  // Returns the number of reports there must be.
  std::ptrdiff_t run() {
    detail::for_each_config_field([this](const auto& field) { check(field, config_keys[config_key_index(field.name)]); });
    return reports_;
  }

 private:
  template <class Field>
  void check(const Field& field, const ConfigKey& key) {
    bool decided = false, complained = false;
    const auto ask = [&](const auto& given, const FinalConfig& alone, Origin origin, const std::string& beginning) {
      if (decided) return;
      const bool usable = alone.origin(key.name) == origin;
      const auto count = complaints(alone, beginning);
      require(usable ? given.has_value() : count == 1, "a value that cannot be used is reported once", beginning);
      require(!usable || count == is_clamped(key.type, *given), "a value out of range is reported once", beginning);
      require(complaints(config_, beginning) == count, "a report does not depend on other layers", beginning);
      if (count == 1) {
        const std::string ending = "; using " + detail::value_text(config_.*field.value) + " (" +
                                   std::string(origin_name(config_.origin(key.name))) + ')';
        require(std::any_of(config_.problems.begin(), config_.problems.end(),
                            [&](const auto& problem) { return problem.starts_with(beginning) && problem.ends_with(ending); }),
                "a report says what is used instead", ending);
      }
      reports_ += count;
      complained = complained || count != 0;
      if (!usable) return;
      decided = true;
      require(config_.origin(key.name) == origin, "the first usable layer counts", key.name);
      require(config_.*field.value == alone.*field.value, "the first usable layer's value counts", key.name);
    };
    for (const std::string_view name : {key.alias, key.name}) {
      const std::string variable = environment_name(name);
      const std::string* const text = name.empty() ? nullptr : given_.find(variable);
      if (text == nullptr || (key.type == KeyType::name && text->empty())) continue;
      if (name == key.alias) reports_ += complaints(config_, variable + " is an old name: use ");
      ask(detail::from_text(*text, given_.code.*field.given), finalize({}, Environment({{variable, *text}}), facts),
          Origin::environment, variable + " is '");
    }
    const bool nameless = key.type == KeyType::name && given_.code.name && given_.code.name->empty();
    if (given_.code.*field.given && !nameless) {
      Config code;
      code.*field.given = given_.code.*field.given;
      ask(given_.code.*field.given, finalize(code, Environment(), facts), Origin::code,
          std::string(key.name) + " is " + detail::value_text(*(code.*field.given)) + " in code, not ");
    }
    require(config_.has_problem(key.name) == complained, "a key has a problem when a value of its has", key.name);
    if (decided) return;
    require(config_.origin(key.name) == standard_.origin(key.name), "without a usable layer the default counts", key.name);
    if constexpr (std::is_same_v<decltype(field.value), std::string FinalConfig::*>) {
      if (key.name == "core_agent_full_name")
        return require_same(config_.core_agent_full_name,
                            "scout_apm_core-" + config_.core_agent_version + '-' + config_.core_agent_triple,
                            "the full name follows from version and triple");
    }
    require(config_.*field.value == standard_.*field.value, "without a usable layer the default is the value", key.name);
  }

  const Given& given_;
  const FinalConfig& config_;
  std::vector<Environment::Variable> derived_;
  FinalConfig standard_;
  std::ptrdiff_t reports_ = 0;
};

bool is_rate(double rate) { return rate >= 0 && rate <= 1; }

void check_ranges(const FinalConfig& config) {
  require(is_rate(config.sample_rate) && is_rate(config.endpoint_sample_rate.value_or(0)) &&
              is_rate(config.job_sample_rate.value_or(0)),
          "rates are 0 to 1");
  for (const auto* rates : {&config.sample_endpoints, &config.sample_jobs}) {
    for (const auto& [prefix, rate] : *rates)
      require(is_rate(rate) && !prefix.empty() && prefix.front() != '/', "rates have a prefix", prefix);
  }
  for (const auto* prefixes : {&config.ignore, &config.ignore_endpoints, &config.ignore_jobs}) {
    for (const auto& prefix : *prefixes)
      require(!prefix.empty() && prefix.find_first_of(" \t/") != 0, "no pattern matches everything", prefix);
  }
  require(config.shutdown_timeout_seconds >= 0 && std::isfinite(config.shutdown_timeout_seconds), "a time-out is a number");
  require(config.errors_batch_size >= 1 && config.core_agent_permissions <= 0777, "numbers are in range");
  require(std::has_single_bit(config.ring_size) && config.ring_size >= 4096 && config.ring_size <= 1 << 26,
          "a ring's size is a power of two");
  const Address& address = config.core_agent_socket_path;
  require(address.host.empty() != address.path.empty() && address.port != 0 && address.path.size() <= 107, "an address is one",
          address.text());
}

// What came out goes in again, as text, and comes out the same.
void check_round_trip(const FinalConfig& config) {
  std::vector<Environment::Variable> variables;
  detail::for_each_config_field([&](const auto& field) {
    if (config.origin(field.name) == Origin::standard) return;
    const auto& value = config.*field.value;
    if constexpr (requires { value.has_value(); }) {
      if (value) variables.emplace_back(environment_name(field.name), spelled(*value));
    } else {
      variables.emplace_back(environment_name(field.name), spelled(value));
    }
  });
  const FinalConfig again = finalize({}, Environment(variables), facts);
  detail::for_each_config_field([&](const auto& field) {
    if (config.origin(field.name) == Origin::standard || (field.name == "name" && config.name.empty()))
      return;  // an empty name is none
    require(again.*field.value == config.*field.value, "a value that was used can be written and read",
            std::string(field.name) + ": " + detail::value_text(config.*field.value));
    require(complaints(again, environment_name(field.name) + " is '") == 0, "a value that was used is no problem", field.name);
  });
}

void check_list(const std::string& text) {
  const auto items = detail::parse_list(text);
  Items expected;
  if (const auto first = text.find_first_not_of(" \t"); first == std::string::npos || text[first] != '[') {
    std::string_view rest = text;
    while (!rest.empty()) {
      std::string item(fuzz::take_until(rest, ','));
      item.erase(0, item.find_first_not_of(" \t"));
      item.erase(item.find_last_not_of(" \t") + 1);
      if (!item.empty()) expected.push_back(item);
    }
    return require(items == expected, "a list is what stands between commas", text);
  }
  if (!simdjson::validate_utf8(text)) return;
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  bool strings = parser.parse(text).get(array) == simdjson::SUCCESS;
  if (strings) {
    for (const simdjson::dom::element element : array) {
      std::string_view item;
      strings = strings && element.get(item) == simdjson::SUCCESS;
      if (strings && !item.empty()) expected.emplace_back(item);
    }
  }
  require(items.has_value() == strings, "a list in brackets is a JSON array of strings, strictly", text);
  require(!strings || *items == expected, "a list in brackets has the strings of the JSON array", text);
}

// [-] digits [. digits] [e [+-] digits], with blanks around.
bool is_number(std::string_view text, bool whole) {
  const auto digits = [&text] {
    const auto count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  const auto skip = [&text](std::string_view any) {
    const bool there = !text.empty() && any.find(text.front()) != std::string_view::npos;
    text.remove_prefix(there);
    return there;
  };
  while (skip(" \t")) {
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  skip("-");
  auto count = digits();
  if (!whole && skip(".")) count += digits();
  if (count == 0) return false;
  if (!whole && skip("eE")) {
    skip("+-");
    if (digits() == 0) return false;
  }
  return text.empty();
}

void check_numbers(const std::string& text) {
  const auto real = detail::parse_real(text);
  const double expected = std::strtod(text.c_str(), nullptr);
  require(!real || is_number(text, false), "a number is the whole text", text);
  if (is_number(text, false) && std::isnormal(expected)) require(real == expected, "a number is read exactly", text);
  const auto whole = detail::parse_number<int>(text);
  const long value = std::strtol(text.c_str(), nullptr, 10);
  const bool fits = value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max();
  require(whole.has_value() == (is_number(text, true) && fits), "an integer is the whole text and in range", text);
  require(!whole || *whole == value, "an integer is read exactly", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Given given = given_by(fuzz::text_of(data, size));
  const Environment environment(given.variables);
  const FinalConfig config = finalize(given.code, environment, facts);
  check_ranges(config);

  std::ptrdiff_t reports = LayerCheck(given, config).run();
  for (const auto& variable : given.variables) {
    const std::string& name = variable.first;
    check_list(variable.second);
    check_numbers(variable.second);
    const bool known = std::any_of(std::begin(config_keys), std::end(config_keys), [&](const ConfigKey& key) {
      return name == environment_name(key.name) || (!key.alias.empty() && name == environment_name(key.alias));
    });
    reports += name.starts_with("SCOUT_") && !known;
  }
  if (config.monitor) reports += config.key.empty() + (config.origin("name") == Origin::derived);
  require(reports == static_cast<std::ptrdiff_t>(config.problems.size()), "nothing else is reported");

  check_round_trip(config);
  const auto lines = describe(config);
  require(lines.size() == config_key_count, "every key is described");
  const std::string shown = config.key.empty() ? "''" : "***";
  require_same(lines[0], "key = " + shown + " (" + std::string(origin_name(config.origin("key"))) + ')', "a secret is not described");
  return 0;
}
