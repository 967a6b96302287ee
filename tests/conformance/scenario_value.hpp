#ifndef SCOUT_TESTS_CONFORMANCE_SCENARIO_VALUE_HPP
#define SCOUT_TESTS_CONFORMANCE_SCENARIO_VALUE_HPP

// A value as a scenario writes it: JSON, and the forms that JSON cannot say.
//
//   {"$epoch": unit, "minus_s": n, "prefix", "fraction", "as"}   n seconds before now, in s, ms, us or ns since 1970
//   {"$repeat": text, "times": n} · {"$nan": 1} · {"$object": 1}: something without a JSON form

#include <scout/scout.hpp>

#include <string>
#include <variant>

#include "malformed.hpp"

namespace conformance {

struct Value {
  element json;
};

// scout calls it for a tag.
void to_json(scout::TagWriter& writer, const Value& value);

// False: C++ has no way to hand it over, it does not compile.
bool is_taggable(Value value);

// As the text of a header or an environment variable.
std::string text_of(Value value);

// As a producer may have sent it: the moment is a number unless it has a prefix or is asked for as text.
using Moment = std::variant<std::monostate, std::int64_t, double, std::string>;
Moment moment_of(Value value);

}  // namespace conformance

#endif
