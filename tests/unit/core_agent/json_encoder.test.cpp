#include "scout/core_agent/json_encoder.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <vector>

using namespace scout;
using namespace std::chrono_literals;

namespace {

const IdSeed seed{3, 4};

std::string id(std::uint16_t number) { return std::string(seed.span(1, number).text()); }

template <class Message>
std::string encoded(const Message& message) {
  JsonEncoder encoder;
  std::string text(encoder.encode(message, {}), '\0');
  REQUIRE(encoder.encode(message, text) == text.size());
  simdjson::dom::parser parser;
  REQUIRE(parser.parse(text).error() == simdjson::SUCCESS);
  return text;
}

Trace trace_of(std::span<const SpanView> spans, std::span<const TagView> tags = {}, Time stop = Time(9s)) {
  return {seed.request(1), Time(1s), stop, tags, spans, 0};
}

SpanView span(std::uint16_t number, int parent, Time start, Time stop, std::span<const TagView> tags = {}) {
  return {seed.span(1, number),
          parent < 0 ? SpanId{} : seed.span(1, static_cast<std::uint16_t>(parent)),
          "Custom/x",
          start,
          stop,
          tags};
}

// The batch as words: a command a word, spans by number, times in whole seconds: "<0@1 >0@9".
std::string outline(const Trace& trace) {
  const std::string text = encoded(trace);
  simdjson::dom::parser parser;
  simdjson::dom::array commands;
  REQUIRE(parser.parse(text)["BatchCommand"]["commands"].get(commands) == simdjson::SUCCESS);
  std::string out;
  for (const simdjson::dom::element command : commands) {
    const auto [name, body] = *simdjson::dom::object(command).begin();
    CHECK(std::string_view(body["request_id"]) == std::string_view(seed.request(1).text()));
    std::string who;
    std::string_view span_id;
    if (body["span_id"].get(span_id) == simdjson::SUCCESS) {
      for (std::uint16_t number = 0; number < 100; ++number) {
        if (span_id == id(number)) who = std::to_string(number);
      }
    }
    std::string_view tag;
    if (body["tag"].get(tag) == simdjson::SUCCESS) who += '.' + std::string(tag);
    const std::string_view time = body["timestamp"];
    const std::string sign = name.starts_with("Start") ? "<" : name.starts_with("Tag") ? "#" : ">";
    out += (out.empty() ? "" : " ") + sign + who + '@' + std::string(time.substr(18, 1));
  }
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("core_agent/json_encoder");

TEST_CASE("Register names the application, the key, the host and the language") {
  CHECK(encoded(Registration{"A & \"B\"", "k", "web-1"}) ==
        R"({"Register":{"app":"A & \"B\"","key":"k","host":"web-1","language":"cpp","api_version":"1.0"}})");
  CHECK(encoded(Registration{"a", "", ""}) ==
        R"({"Register":{"app":"a","key":"","host":null,"language":"cpp","api_version":"1.0"}})");
}

TEST_CASE("an event has a time, a type, a value and a source") {
  CHECK(
      encoded(ApplicationEvent("Memory/Physical", "31.5", "Pid: 7", Time(1s + 2ms))) ==
      R"({"ApplicationEvent":{"timestamp":"1970-01-01T00:00:01.002000Z","event_type":"Memory/Physical","event_value":31.5,"source":"Pid: 7"}})");
}

TEST_CASE("a transaction is one batch, its root without a parent") {
  const TagView request_tag("path", "\"/users\""), span_tag("rows", "12");
  const SpanView spans[] = {span(0, -1, Time(1s), Time(9s)), span(1, 0, Time(2s), Time(3s), std::span(&span_tag, 1))};
  const std::string request(seed.request(1).text());
  const auto names = [&](std::uint16_t number) { return R"(","request_id":")" + request + R"(","span_id":")" + id(number); };
  CHECK(encoded(trace_of(spans, std::span(&request_tag, 1))) ==
        R"({"BatchCommand":{"commands":[{"StartRequest":{"timestamp":"1970-01-01T00:00:01.000000Z","request_id":")" + request +
            R"("}},)" + R"({"TagRequest":{"timestamp":"1970-01-01T00:00:01.000000Z","request_id":")" + request +
            R"(","tag":"path","value":"/users"}},)" + R"({"StartSpan":{"timestamp":"1970-01-01T00:00:01.000000Z)" + names(0) +
            R"(","parent_id":null,"operation":"Custom/x"}},)" + R"({"StartSpan":{"timestamp":"1970-01-01T00:00:02.000000Z)" +
            names(1) + R"(","parent_id":")" + id(0) + R"(","operation":"Custom/x"}},)" +
            R"({"TagSpan":{"timestamp":"1970-01-01T00:00:02.000000Z)" + names(1) + R"(","tag":"rows","value":12}},)" +
            R"({"StopSpan":{"timestamp":"1970-01-01T00:00:03.000000Z)" + names(1) + R"("}},)" +
            R"({"StopSpan":{"timestamp":"1970-01-01T00:00:09.000000Z)" + names(0) + R"("}},)" +
            R"({"FinishRequest":{"timestamp":"1970-01-01T00:00:09.000000Z","request_id":")" + request + R"("}}]}})");
}

TEST_CASE("spans are nested: a parent stops after its children, tags follow the start at its time") {
  const TagView tags[] = {{"a", "1"}, {"b", "2"}};
  const SpanView spans[] = {span(0, -1, Time(1s), Time(9s), std::span(tags, 1)), span(1, 0, Time(2s), Time(6s), tags),
                            span(2, 1, Time(3s), Time(4s)), span(3, 1, Time(4s), Time(5s)), span(4, 0, Time(7s), Time(8s))};
  CHECK(outline(trace_of(spans, tags)) ==
        "<@1 #.a@1 #.b@1 <0@1 #0.a@1 <1@2 #1.a@2 #1.b@2 <2@3 >2@4 <3@4 >3@5 >1@6 <4@7 >4@8 >0@9 >@9");
}

TEST_CASE("a child that outlives its parent is cut on the wire, and nothing lies outside the request") {
  const SpanView spans[] = {span(0, -1, Time(0s), Time(10s)), span(1, 0, Time(2s), Time(5s)), span(2, 1, Time(4s), Time(7s)),
                            span(3, 2, Time(6s), Time(8s)), span(4, 1, Time(1s), Time(3s))};
  CHECK(outline(trace_of(spans, {}, Time(9s))) == "<@1 <0@1 <1@2 <2@4 <3@5 >3@5 >2@5 <4@2 >4@3 >1@5 >0@9 >@9");
}

TEST_CASE("time never runs backwards, whatever the trace says") {
  const SpanView spans[] = {span(0, -1, Time(5s), Time(3s))};
  CHECK(outline(trace_of(spans, {}, Time(0s))) == "<@1 <0@1 >0@1 >@1");
}

TEST_CASE("what the application put into a name cannot break the message") {
  const TagView tag("a\"\xff", "1");
  const SpanView root({1, 1}, {}, "Controller/\"\n\xc3", Time(1s), Time(2s), std::span(&tag, 1));
  const std::string text = encoded(Trace(seed.request(1), Time(1s), Time(2s), {}, std::span(&root, 1), 0));
  CHECK(text.find(R"("operation":"Controller/\"\n)"
                  "\xef\xbf\xbd\"") != std::string::npos);
  CHECK(text.find(R"("tag":"a\")"
                  "\xef\xbf\xbd\"") != std::string::npos);
}

TEST_CASE("a name is whole, however long it is and wherever something in it has to be escaped") {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t place = 0; place <= size; ++place) {  // the last: nowhere
      std::string name(size, 'x');
      if (place < size) name[place] = '"';
      const SpanView root(seed.span(1, 0), {}, name, Time(1s), Time(2s), {});
      const std::string text = encoded(trace_of(std::span(&root, 1)));
      if (place < size) name.insert(place, 1, '\\');
      CHECK(text.find("\"operation\":\"" + name + "\"}}") != std::string::npos);
    }
  }
}

TEST_CASE("a buffer that is too small is not overrun, and the size that is needed comes back") {
  const TagView tag("text", "\"0123456789\"");
  const SpanView root = span(0, -1, Time(1s), Time(2s), std::span(&tag, 1));
  const Trace trace = trace_of(std::span(&root, 1), std::span(&tag, 1));
  const std::string whole = encoded(trace);
  JsonEncoder encoder;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string buffer(size + 1, '~');
    CHECK(encoder.encode(trace, std::span(buffer).first(size)) == whole.size());
    CHECK(buffer.back() == '~');
  }
}

TEST_CASE("timestamps are right across a change of second, minute and day, and back") {
  TimestampText timestamp;
  const auto text = [&](Time time) {
    char place[TimestampText::size];
    CHECK(timestamp.put(place, time) == std::end(place));
    CHECK(std::end(place)[-1] == '"');
    return std::string(place, timestamp_size);
  };
  CHECK(text(Time(1s + 999'999us)) == "1970-01-01T00:00:01.999999Z");
  CHECK(text(Time(2s)) == "1970-01-01T00:00:02.000000Z");
  CHECK(text(Time(2s + 1us + 999ns)) == "1970-01-01T00:00:02.000001Z");
  CHECK(text(Time(1s + 5us)) == "1970-01-01T00:00:01.000005Z");
  CHECK(text(Time(-1ns)) == "1969-12-31T23:59:59.999999Z");
  CHECK(text(Time(59s)) == "1970-01-01T00:00:59.000000Z");
  CHECK(text(Time(60s)) == "1970-01-01T00:01:00.000000Z");
  CHECK(text(Time(59s)) == "1970-01-01T00:00:59.000000Z");
  CHECK(text(Time(24h + 1min + 7s)) == "1970-01-02T00:01:07.000000Z");
  CHECK(text(Time(23h + 59min + 7s)) == "1970-01-01T23:59:07.000000Z");
  CHECK(text(Time(24h - 1us)) == "1970-01-01T23:59:59.999999Z");
  char expected[timestamp_size];
  for (std::chrono::microseconds part{0}; part < 1s; part += 7us) {
    write_timestamp(expected, Time(part));
    REQUIRE(text(Time(part)) == std::string_view(expected, timestamp_size));
  }
}

TEST_SUITE_END();
