#include <scout/collect/tag_json.hpp>

#include <scout/core/tag.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace scout::detail;

namespace {

std::string json(std::string_view tokens, std::uint64_t cut = 0) {
  std::string text;
  append_tag_json(text, RecordKind::tag, 0, cut, tokens);
  return text;
}

template <class T>
std::string through_a_ring(const T& value, std::size_t room) {
  char ring[1024];
  scout::TagWriter writer(ring, sizeof ring - 1, 0, room);
  writer.value(value);
  return json({ring, writer.size()}, writer.cut_bytes());
}

}  // namespace

TEST_SUITE_BEGIN("collect/tag_json");

TEST_CASE("tokens become JSON") {
  CHECK(through_a_ring(std::map<std::string, std::vector<double>>{{"a", {1.5, 2}}, {"b", {}}}, 1000) ==
        R"({"a":[1.5,2],"b":[]})");
  CHECK(through_a_ring(std::vector<std::vector<std::string>>{{}, {"x"}}, 1000) == R"([[],["x"]])");
  CHECK(through_a_ring(true, 1000) == "true");
}

TEST_CASE("a stream that was cut anywhere, or is broken, is still one JSON value with its brackets closed") {
  const std::map<std::string, std::vector<std::string>> value{{"key", {"first", "second"}}, {"other", {"third"}}};
  for (std::size_t room = 0; room < 80; ++room) {
    const std::string text = through_a_ring(value, room);
    int depth = 0;
    for (const char c : text) depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    CAPTURE(text);
    CHECK((text.find("…[cut") != std::string::npos || depth == 0));
    CHECK(text.find(",]") == std::string::npos);
    CHECK(text.find(",}") == std::string::npos);
    CHECK(text.find(":}") == std::string::npos);
  }
  CHECK(json("") == "null");
  CHECK(json("]") == "null");
  CHECK(json("{[") == "{}");
  CHECK(json(std::string_view("s\xff\xff\xff\xffxy", 7)) == "\"xy\"");
}

TEST_CASE("what is cut of an array or an object without a text in it is said, where it was cut") {
  CHECK(through_a_ring(std::vector<int>{1, 2, 3, 4, 5}, 19) == R"([1,2,"…[cut 3]"])");
  CHECK(through_a_ring(std::map<std::string, int>{{"a", 1}, {"b", 2}}, 16) == R"({"a":1,"…[cut 2]":null})");
  CHECK(through_a_ring(std::vector<std::vector<int>>{{1}, {2}}, 12) == R"([[1],"…[cut 2]"])");
  CHECK(through_a_ring(std::vector<std::string>{"aaaa", "", ""}, 10) == R"(["aaaa…[cut 2]"])");
}

TEST_CASE("a cut text ends with a whole character and a mark") {
  CHECK(cut_text("abc", 5) == "abc…[cut 5]");
  CHECK(cut_text("ab\xe2\x82", 5) == "ab…[cut 7]");
  CHECK(cut_text("ab\xe2\x82\xac", 5) == "ab€…[cut 5]");
  CHECK(cut_text("ab\xf0\x9f\x98", 1) == "ab…[cut 4]");
  CHECK(cut_text("", 1) == "…[cut 1]");
}

TEST_SUITE_END();
