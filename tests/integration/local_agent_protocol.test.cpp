#include <doctest/doctest.h>

#include <protocol.hpp>
#include <timestamp.hpp>

#include <string>
#include <vector>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

// The complaints about a message, joined by "; ".
std::string complaints(const std::string& json, bool registered = true) {
  simdjson::dom::parser parser;
  simdjson::dom::element message;
  REQUIRE(parser.parse(json).get(message) == simdjson::SUCCESS);
  std::string all;
  for (const std::string& complaint : check(message, registered)) all += (all.empty() ? "" : "; ") + complaint;
  return all;
}

std::string batch(const std::string& commands) { return R"({"BatchCommand":{"commands":[)" + commands + "]}}"; }

const std::string start_request = R"({"StartRequest":{"request_id":"r"}},)";
const std::string finish_request = R"({"FinishRequest":{"request_id":"r"}})";

std::string span(const std::string& id, const std::string& more = "") {
  return R"({"StartSpan":{"request_id":"r","span_id":")" + id + R"(","operation":"Custom/a")" + more +
         R"(}},{"StopSpan":{"request_id":"r","span_id":")" + id + R"("}},)";
}

}  // namespace

TEST_SUITE_BEGIN("local_agent/protocol");

TEST_CASE("what the Python and Node agents send is in order") {
  CHECK(complaints(R"({"Register":{"app":"a","key":"","host":null,"language":"python","api_version":"1.0"}})", false) == "");
  CHECK(complaints(R"({"Register":{"api_version":"1.0","app":"a","key":"k"}})", false) == "");
  CHECK(complaints(R"({"CoreAgentVersion":{}})", false) == "");
  CHECK(
      complaints(
          R"({"ApplicationEvent":{"timestamp":"2026-11-23T16:50:18.973285+00:00","event_type":"CPU/Utilization","event_value":0.0,"source":"Pid: 1"}})") ==
      "");
  CHECK(complaints(
            batch(start_request + span("a", R"(,"parent_id":null)") + span("b", R"(,"parent_id":"a")") + finish_request)) == "");
  CHECK(complaints(batch(start_request + span("b", R"(,"parent_id":"a")") + span("a") + finish_request)) == "");
  CHECK(complaints(
            R"({"TagRequest":{"request_id":"r","tag":"t","value":[1,{"a":null}],"timestamp":"2026-11-23T16:54:17.333Z"}})") ==
        "");
}

TEST_CASE("a message is an object with exactly one known command") {
  CHECK(complaints("[]") == "not an object with exactly one key");
  CHECK(complaints("{}") == "not an object with exactly one key");
  CHECK(complaints(R"({"Register":{},"StartSpan":{}})") == "not an object with exactly one key");
  CHECK(complaints(R"({"Foo":{}})") == "unknown command Foo");
  CHECK(complaints(R"({"StartSpan":null})") == "StartSpan: arguments are not an object");
}

TEST_CASE("members are there, of their type, known, and not repeated") {
  CHECK(complaints(R"({"StartSpan":{"request_id":"r","span_id":"s"}})") == "StartSpan: missing operation");
  CHECK(complaints(R"({"StartSpan":{"request_id":"r","span_id":"s","operation":5}})") == "StartSpan: bad operation 5");
  CHECK(complaints(R"({"StartSpan":{"request_id":"r","span_id":"s","operation":"o","parent_id":1}})") ==
        "StartSpan: bad parent_id 1");
  CHECK(complaints(R"({"StopSpan":{"request_id":"r","span_id":"s","color":1}})") == "StopSpan: unexpected color");
  CHECK(complaints(R"({"StopSpan":{"request_id":"r","span_id":"s","span_id":"t"}})") == "StopSpan: span_id twice");
  CHECK(complaints(R"({"BatchCommand":{"commands":{}}})") == "BatchCommand: bad commands {}");
  CHECK(complaints(R"({"StopSpan":{"request_id":"r","span_id":"s","timestamp":"yesterday"}})") ==
        R"(StopSpan: bad timestamp "yesterday")");
  CHECK(complaints(R"({"StartRequest":{"request_id":""}})") == R"(StartRequest: bad request_id "")");
  CHECK(complaints(R"({"StopSpan":{"request_id":"r","span_id":""}})") == R"(StopSpan: bad span_id "")");
}

TEST_CASE("Register comes first") {
  CHECK(complaints(batch(""), false) == "BatchCommand: sent before Register");
  CHECK(complaints(R"({"CoreAgentShutdown":{}})", false) == "");
}

TEST_CASE("a batch holds commands of open requests, in order") {
  CHECK(complaints(batch(batch(""))) == "#0 BatchCommand: not allowed inside a batch");
  CHECK(complaints(batch(span("a") + start_request + finish_request)) ==
        "#0 StartSpan for a request that is not open; #1 StopSpan for a request that is not open; #2 StartRequest is not the "
        "first command");
  CHECK(complaints(batch(start_request + finish_request + "," + finish_request)) ==
        "#1 FinishRequest is not the last command; #2 FinishRequest for a request that is not open");
}

TEST_CASE("a batch's spans start once, stop once, are tagged after their start, and have parents in the batch") {
  CHECK(complaints(batch(start_request + span("a") + span("a") + finish_request)) == "#3 span id used twice");
  CHECK(complaints(batch(start_request + R"({"StopSpan":{"request_id":"r","span_id":"s"}},)" + finish_request)) ==
        "#1 StopSpan without StartSpan");
  CHECK(complaints(batch(start_request + R"({"StartSpan":{"request_id":"r","span_id":"s","operation":"o"}},)" +
                         finish_request)) == "span never stopped");
  CHECK(complaints(batch(start_request + R"({"TagSpan":{"request_id":"r","span_id":"s","tag":"t","value":1}},)" +
                         finish_request)) == "#1 TagSpan before StartSpan");
  CHECK(complaints(batch(start_request + span("a", R"(,"parent_id":"x")") + finish_request)) ==
        "#1 parent_id names a span that is not in the batch");
}

TEST_CASE("timestamps are RFC 3339, to the nanosecond, in any zone") {
  const Time time = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 16h + 50min + 18s;
  CHECK(parse_timestamp("2026-11-23T16:50:18Z") == time);
  CHECK(parse_timestamp("2026-11-23T16:50:18.972339+00:00") == time + 972'339us);
  CHECK(parse_timestamp("2026-11-23T16:50:18.333Z") == time + 333ms);
  CHECK(parse_timestamp("2026-11-23T16:50:18.123456789Z") == time + 123'456'789ns);
  CHECK(parse_timestamp("2026-11-23T18:20:18+01:30") == time);
  CHECK(parse_timestamp("2026-11-23T15:50:18-01:00") == time);
  CHECK(parse_timestamp("2024-02-29T00:00:00Z").has_value());
  for (const char* text : {"", "2026-11-23", "2026-11-23 16:50:18Z", "2026-11-23T16:50:18", "2026-11-23T16:50:18.Z",
                           "2026-11-23T16:50:18+0000", "2026-11-23T16:50:18Zx", "2026-02-30T16:50:18Z", "2026-13-01T16:50:18Z",
                           "2026-11-23T24:00:00Z", "2026-11-23T16:60:00Z", "2026-11-23T16:50:61Z", "2026-11-23T16:50:18+24:00",
                           "2026-11-23T16:50:18.1234567890Z", "+026-11-23T16:50:18Z", "9999-11-23T16:50:18Z",
                           "1969-12-31T23:59:59Z"}) {
    CAPTURE(text);
    CHECK(!parse_timestamp(text));
  }
}

TEST_SUITE_END();
