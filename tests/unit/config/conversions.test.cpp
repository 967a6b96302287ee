#include "scout/config/conversions.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace scout;
using Items = std::vector<std::string>;

TEST_SUITE_BEGIN("config/conversions");

TEST_CASE("the words for true and false are those of Scout's other agents") {
  for (const auto* text : {"yes", "true", "t", "1", "TRUE", " True "}) CHECK(detail::parse_bool(text) == true);
  for (const auto* text : {"no", "false", "f", "0", "FALSE", ""}) CHECK(detail::parse_bool(text) == false);
  for (const auto* text : {"maybe", "2", "yes!"}) CHECK(!detail::parse_bool(text));
}

TEST_CASE("a number is the whole text") {
  CHECK(detail::parse_real(" 2.5 ") == 2.5);
  CHECK(detail::parse_number<int>("-3") == -3);
  CHECK(detail::parse_number<unsigned>("700", 8) == 0700u);
  for (const auto* text : {"", "abc", "1.5x", "nan", "inf", "1e999", "1_0", "1,5", "+1", "0x1p3", "1 2"}) {
    CHECK(!detail::parse_real(text));
  }
  CHECK(!detail::parse_number<int>("99999999999"));
}

TEST_CASE("a list is split at commas, trimmed, without empty parts") {
  CHECK(detail::parse_list("a, b ,,c, ") == Items{"a", "b", "c"});
  CHECK(detail::parse_list("") == Items{});
}

TEST_CASE("a list that begins with a bracket is a JSON array of strings") {
  CHECK(detail::parse_list(R"([])") == Items{});
  CHECK(detail::parse_list(R"( [ "/a,b" , "c" ] )") == Items{"/a,b", "c"});
  CHECK(detail::parse_list(R"(["\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"])") ==
        Items{"\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001f600"});
}

TEST_CASE("what is not strictly an array of strings is no list") {
  for (const std::string text :
       {R"(["a")", R"(["a",])", R"([a])", R"([1])", R"(["a"] x)", R"(["\x"])", R"(["\u12g4"])", R"(["\ud800"])", R"(["\udc00"])",
        R"(["\ud800\u0041"])", R"(["\u12)", R"(["a)", "[\"\n\"]", R"(["\)", "["}) {
    CAPTURE(text);
    CHECK(!detail::parse_list(text));
  }
}

TEST_CASE("rates are pairs of prefix and number, the last colon between them") {
  CHECK(detail::parse_rates("/a:40, b:0.5") == Rates{{"/a", 40}, {"b", 0.5}});
  CHECK(detail::parse_rates(R"(["http://x:50"])") == Rates{{"http://x", 50}});
  CHECK(!detail::parse_rates("[a:1]"));
}

TEST_CASE("an entry of a list of rates without a colon or a number has no rate") {
  const auto rates = detail::parse_rates("a, b:c, d:1").value();
  REQUIRE(rates.size() == 3);
  CHECK(std::isnan(rates[0].second));
  CHECK(std::isnan(rates[1].second));
  CHECK(rates[2] == Rates::value_type{"d", 1});
}

TEST_CASE("a prefix loses blanks and leading slashes") {
  CHECK(detail::prefix_pattern(" /health/ ") == "health/");
  CHECK(detail::prefix_pattern("/") == "");
}

TEST_SUITE_END();
