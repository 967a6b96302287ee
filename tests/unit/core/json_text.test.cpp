#include "scout/core/json_text.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>
#include <string>

using namespace scout;
using namespace std::chrono;

namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

template <class Number>
std::string json_number(Number value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

std::string json_time(sys_time<nanoseconds> time) {
  std::string out;
  append_json_timestamp(out, time);
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("core/json_text");

TEST_CASE("a quote, a backslash and control characters are escaped wherever they stand") {
  CHECK(json("") == R"("")");
  CHECK(json("a\"b\\c\n\r\t") == R"("a\"b\\c\n\r\t")");
  CHECK(json(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
  for (std::size_t place = 0; place < 20; ++place) {
    for (const char special : {'"', '\\', '\x1f'}) {
      std::string text(20, 'x');
      text[place] = special;
      const std::string escape = special == '"' ? "\\\"" : special == '\\' ? "\\\\" : "\\u001f";
      CHECK(json(text) == '"' + std::string(place, 'x') + escape + std::string(19 - place, 'x') + '"');
    }
  }
}

TEST_CASE("every printable ASCII character but two stands for itself") {
  std::string text;
  for (char c = ' '; c < 0x7f; ++c) {
    if (c != '"' && c != '\\') text += c;
  }
  CHECK(json(text) == '"' + text + '"');
}

TEST_CASE("valid UTF-8 passes unchanged") {
  for (const std::string text : {"\u00e9", "\u20ac", "\U0001f600", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff",
                                 "\U00010000", "\U0010ffff", "12345678 gr\u00fc\u00df dich 12345678"}) {
    CHECK(json(text) == '"' + text + '"');
  }
}

TEST_CASE("invalid UTF-8 becomes U+FFFD, one for each part that cannot begin a character") {
  const std::string bad = "\xef\xbf\xbd";
  struct {
    std::string text, expected;
  } const cases[] = {
      {"\xff", bad},
      {"a\x80z", "a" + bad + "z"},
      {"\xc0\xaf", bad + bad},                      // overlong '/'
      {"\xc1\xbf", bad + bad},                      // overlong
      {"\xe0\x80\xaf", bad + bad + bad},            // overlong
      {"\xf0\x80\x80\xaf", bad + bad + bad + bad},  // overlong
      {"\xed\xa0\x80", bad + bad + bad},            // a surrogate
      {"\xf4\x90\x80\x80", bad + bad + bad + bad},  // above U+10FFFF
      {"\xf5\x80", bad + bad},                      //
      {"\xe2\x82", bad},                            // cut off
      {"\xe2\x82z", bad + "z"},                     //
      {"\xf0\x9f\x98", bad},                        //
      {"\xf0\x9f\x98\"", bad + "\\\""},             //
      {"\xe2\xe2\x82\xac", bad + "\xe2\x82\xac"},   //
      {"12345678\xc3", "12345678" + bad},
  };
  for (const auto& [text, expected] : cases) CHECK(json(text) == '"' + expected + '"');
}

TEST_CASE("numbers read back as the same value") {
  CHECK(json_number(0) == "0");
  CHECK(json_number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(json_number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(json_number(0.1) == "0.1");
  CHECK(json_number(-2.5) == "-2.5");
  CHECK(json_number(1e300) == "1e+300");
  for (const double value : {0.1 + 0.2, 1.0 / 3, 5e-324, std::numeric_limits<double>::max(), 123456789012345680.0}) {
    CHECK(std::strtod(json_number(value).c_str(), nullptr) == value);
  }
}

TEST_CASE("what is no number is null") {
  for (const char* text : {"nan", "inf", "-inf"}) CHECK(json_number(std::strtod(text, nullptr)) == "null");
}

TEST_CASE("true, false and null are words") {
  std::string out;
  append_json_bool(out, true);
  append_json_bool(out, false);
  append_json_null(out);
  CHECK(out == "truefalsenull");
}

TEST_CASE("a time is RFC 3339 in UTC and always has six digits") {
  CHECK(json_time({}) == R"("1970-01-01T00:00:00.000000Z")");
  CHECK(json_time(sys_days(2024y / 2 / 29) + 23h + 59min + 59s + 1'999ns) == R"("2024-02-29T23:59:59.000001Z")");
  CHECK(json_time(sys_days(2026y / 11 / 23) + 16h + 50min + 18s + 972'339us) == R"("2026-11-23T16:50:18.972339Z")");
  CHECK(json_time(sys_time<nanoseconds>(-1ns)) == R"("1969-12-31T23:59:59.999999Z")");
}

TEST_SUITE_END();
