#include "scout/core_agent/response.hpp"

#include <doctest/doctest.h>

using namespace scout;

namespace {

Answer parsed(std::string_view payload) {
  AnswerParser parser;
  auto answer = parser.parse(payload);
  REQUIRE_MESSAGE(answer, payload);
  return *answer;
}

}  // namespace

TEST_SUITE_BEGIN("core_agent/response");

TEST_CASE("an answer names the command and is accepted unless it says otherwise") {
  for (const auto* text : {R"({"Register":{"id":null,"result":"Success"}})", R"({"Register":{}})", R"({"Register":"Success"})",
                           R"({ "Register" : {"result":"Success","note":"no Failure here"} })"}) {
    CAPTURE(text);
    CHECK(parsed(text).command == "Register");
    CHECK(parsed(text).accepted);
  }
}

TEST_CASE("a failure is found at any depth, with its message") {
  for (
      const auto* text :
      {R"({"Failure":{"message":"bad key"}})", R"({"Register":{"result":{"Failure":{"message":"bad key"}}}})",
       R"({"BatchCommand":{"results":[{"StartSpan":{"result":"Success"}},{"TagSpan":{"result":{"Failure":{"message":"bad key"}}}}]}})",
       R"({"Failure":"bad key"})"}) {
    CAPTURE(text);
    CHECK(!parsed(text).accepted);
    CHECK(parsed(text).message == "bad key");
  }
  CHECK(!parsed(R"({"Failure":null})").accepted);
}

TEST_CASE("the core agent's version is read") {
  CHECK(parsed(R"({"CoreAgentVersion":{"version":"1.1.8","result":"Success"}})").version == "1.1.8");
  CHECK(parsed(R"({"CoreAgentVersion":{"version":3}})").version == "");
}

TEST_CASE("what is no JSON object with a key is a protocol error") {
  AnswerParser parser;
  for (const std::string text : {"hello", "", "{}", "[]", "null", R"({"a":1)", R"({"a":1}x)", "{\"a\":\"\xff\"}"}) {
    CAPTURE(text);
    const auto answer = parser.parse(text);
    REQUIRE(!answer);
    CHECK(answer.error().code == ErrorCode::protocol);
  }
  CHECK(parser.parse(R"({"a":1})"));
}

TEST_CASE("an answer means what it says, whatever came before it") {
  AnswerParser parser;
  const auto check = [&](std::string_view payload) {
    CAPTURE(payload);
    const auto answer = parser.parse(payload), alone = AnswerParser().parse(payload);
    REQUIRE(answer.has_value() == alone.has_value());
    if (!answer) return;
    CHECK(answer->command == alone->command);
    CHECK(answer->accepted == alone->accepted);
    CHECK(answer->message == alone->message);
    CHECK(answer->version == alone->version);
  };
  for (const auto* text :
       {"", R"({"a":"Success"})", R"({"a":"Success"})", R"({"b":"Success"})", R"({"b":"Success")", R"({"b":"Success")",
        R"({"b":"Success"})", R"({"Failure":"one"})", R"({"Failure":"one"})", R"({"Failure":"two"})", "", "x", "x",
        R"({"CoreAgentVersion":{"version":"1"}})", R"({"CoreAgentVersion":{"version":"1"}})"}) {
    check(text);
  }
}

TEST_CASE("an answer that is nested too deeply is refused, not followed") {
  AnswerParser parser;
  const std::string deep = R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + '}';
  CHECK(!parser.parse(deep));
  const std::string shallow = R"({"a":)" + std::string(20, '[') + std::string(20, ']') + '}';
  CHECK(parser.parse(shallow));
}

TEST_CASE("one parser reads answers of all sizes in turn") {
  AnswerParser parser;
  for (const std::size_t size : {10u, 100'000u, 10u, 1'000'000u}) {
    const auto answer = parser.parse(R"({"BatchCommand":{"text":")" + std::string(size, 'x') + R"("}})");
    REQUIRE(answer);
    CHECK(answer->command == "BatchCommand");
  }
}

TEST_SUITE_END();
