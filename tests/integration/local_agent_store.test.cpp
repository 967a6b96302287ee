#include <doctest/doctest.h>

#include <open_requests.hpp>
#include <store.hpp>

#include <string>
#include <vector>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

// Feeds messages to OpenRequests and keeps what is finished.
struct Feed {
  void operator()(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::element message;
    REQUIRE(parser.parse(json).get(message) == simdjson::SUCCESS);
    requests.apply(message, now);
  }

  std::vector<Trace> traces;
  OpenRequests requests{[this](Trace trace) { traces.push_back(std::move(trace)); }, 3};
  Time now{1s};
};

Span span(std::string id, std::string parent, std::string operation, Duration start, Duration stop) {
  return {std::move(id), std::move(parent), std::move(operation), Time{start}, Time{stop}, false, {}, 0, Duration{0}};
}

Trace trace(std::string operation, Duration duration, std::string request = "r") {
  Trace made;
  made.request_id = std::move(request);
  made.spans.push_back(span("root", "", std::move(operation), 0ms, duration));
  made.finish(Time{duration});
  return made;
}

}  // namespace

TEST_SUITE_BEGIN("local_agent/store");

TEST_CASE("a batch becomes a trace") {
  Feed feed;
  feed(R"({"BatchCommand":{"commands":[
    {"StartRequest":{"request_id":"r","timestamp":"1970-01-01T00:00:01Z"}},
    {"TagRequest":{"request_id":"r","tag":"path","value":"/a"}},
    {"TagRequest":{"request_id":"r","tag":"n","value":{"a":[1]}}},
    {"StartSpan":{"request_id":"r","span_id":"s","operation":"Controller/a","timestamp":"1970-01-01T00:00:01.1Z"}},
    {"TagSpan":{"request_id":"r","span_id":"s","tag":"t","value":true}},
    {"StopSpan":{"request_id":"r","span_id":"s","timestamp":"1970-01-01T00:00:01.3Z"}},
    {"FinishRequest":{"request_id":"r","timestamp":"1970-01-01T00:00:01.4Z"}}]}})");
  REQUIRE(feed.traces.size() == 1);
  const Trace& made = feed.traces[0];
  CHECK(made.duration() == 400ms);
  CHECK(*find_tag(made.tags, "path") == "/a");
  CHECK(*find_tag(made.tags, "n") == R"({"a":[1]})");
  REQUIRE(made.spans.size() == 1);
  CHECK(made.spans[0].duration() == 200ms);
  CHECK(*find_tag(made.spans[0].tags, "t") == "true");
}

TEST_CASE("single commands become a trace too, with the time of their arrival") {
  Feed feed;
  feed(R"({"StartRequest":{"request_id":"r"}})");
  feed(R"({"StartSpan":{"request_id":"r","span_id":"s","operation":"Job/a"}})");
  feed.now += 2s;
  feed(R"({"FinishRequest":{"request_id":"r"}})");
  feed(R"({"TagRequest":{"request_id":"r","tag":"late","value":1}})");
  REQUIRE(feed.traces.size() == 1);
  CHECK(feed.traces[0].duration() == 2s);
  CHECK(feed.traces[0].spans[0].duration() == 2s);  // left open: ends with the request
}

TEST_CASE("requests that are never finished give way, the oldest first, and are counted") {
  Feed feed;
  for (const char* id : {"a", "b", "c", "d"}) feed(R"({"StartRequest":{"request_id":")" + std::string{id} + R"("}})");
  CHECK(feed.requests.given_up() == 1);
  feed(R"({"FinishRequest":{"request_id":"a"}})");
  CHECK(feed.traces.empty());
  feed(R"({"FinishRequest":{"request_id":"b"}})");
  CHECK(feed.traces.size() == 1);
}

TEST_CASE("spans are ordered as a tree, siblings by their start, whatever order they came in") {
  Trace made;
  made.spans = {span("c2", "p", "Custom/c2", 5ms, 6ms), span("c1", "p", "Custom/c1", 2ms, 3ms),
                span("g", "c1", "Custom/g", 2ms, 3ms), span("p", "", "Controller/p", 0ms, 9ms),
                span("x", "never sent", "Custom/x", 1ms, 2ms)};
  made.finish(Time{9ms});
  std::string order;
  for (const Span& each : made.spans) order += each.id + std::to_string(each.depth) + " ";
  CHECK(order == "p0 c11 g2 c21 x0 ");
  CHECK(made.endpoint() == "Controller/p");
}

TEST_CASE("spans that are each other's parents are shown once") {
  Trace made;
  made.spans = {span("a", "b", "Custom/a", 0ms, 1ms), span("b", "a", "Custom/b", 0ms, 1ms), span("c", "c", "Custom/c", 0ms, 1ms)};
  made.finish(Time{1ms});
  CHECK(made.spans.size() == 3);
}

TEST_CASE("a long chain of spans needs no deep stack") {
  Trace made;
  constexpr int depth = 100'000;
  for (int i = 0; i < depth; ++i)
    made.spans.push_back(span(std::to_string(i), i == 0 ? "" : std::to_string(i - 1), "Custom/a", 0ms, 1ms));
  made.finish(Time{1ms});
  CHECK(made.spans.back().depth == depth - 1);
}

TEST_CASE("own time is what no child covers; children that overlap count once") {
  Trace made;
  made.spans = {span("p", "", "Controller/p", 0ms, 10ms), span("a", "p", "SQL/Query", 1ms, 4ms),
                span("b", "p", "SQL/Query", 2ms, 6ms), span("early", "p", "Custom/early", -5ms, 1ms),
                span("late", "p", "Custom/late", 9ms, 15ms)};
  made.finish(Time{10ms});
  CHECK(made.spans[0].exclusive == 3ms);
  CHECK(made.spans[3].exclusive == 4ms);
}

TEST_CASE("a rename names the endpoint, and otherwise the first controller or job, even below the root") {
  Trace made = trace("Middleware", 1ms);
  made.spans.push_back(span("c", "root", "Controller/c", 0ms, 1ms));
  CHECK(made.endpoint() == "Controller/c");
  made.tags.push_back({"transaction.name", "Controller/renamed"});
  CHECK(made.endpoint() == "Controller/renamed");
}

TEST_CASE("repeated statements are counted under one parent") {
  Trace made;
  made.spans = {span("p", "", "Controller/p", 0ms, 10ms)};
  for (int i = 0; i < 6; ++i) {
    made.spans.push_back(span(std::to_string(i), i == 5 ? "0" : "p", "SQL/Query", 1ms, 2ms));
    made.spans.back().tags.push_back({"db.statement", "SELECT 1"});
  }
  made.finish(Time{10ms});
  CHECK(most_repeated_statement(made).count == 5);
  CHECK(most_repeated_statement(made).statement == "SELECT 1");
}

TEST_CASE("percentiles are those of the sorted durations, within two percent") {
  Histogram histogram;
  CHECK(histogram.percentile(50) == 0ns);
  for (int i = 1000; i >= 1; --i) histogram.add(std::chrono::microseconds{i});
  const auto microseconds = [&](double percent) { return static_cast<double>(histogram.percentile(percent).count()) / 1000; };
  CHECK(microseconds(50) == doctest::Approx(500).epsilon(0.02));
  CHECK(microseconds(95) == doctest::Approx(950).epsilon(0.02));
  CHECK(microseconds(99) == doctest::Approx(990).epsilon(0.02));
  CHECK(histogram.percentile(0) == 1us);
  CHECK(histogram.percentile(100) == 1ms);
}

TEST_CASE("one duration is every percentile of itself, exactly") {
  for (const Duration duration : {0ns, 1ns, 63ns, 64ns, 12'345'678ns, Duration::max()}) {
    Histogram histogram;
    histogram.add(duration);
    CHECK(histogram.percentile(50) == duration);
  }
}

TEST_CASE("the store sums up endpoints") {
  Store store;
  store.add(trace("Controller/a", 1ms));
  Trace failed = trace("Controller/a", 3ms, "slow");
  failed.tags.push_back({"error", "true"});
  failed.tags.push_back({"scout.dropped_spans", "7"});
  store.add(std::move(failed));
  store.add(trace("Controller/a", 2ms, "last"));
  REQUIRE(store.endpoints().size() == 1);
  const Endpoint& endpoint = store.endpoints().at("Controller/a");
  CHECK(endpoint.durations.count() == 3);
  CHECK(endpoint.errors == 1);
  CHECK(endpoint.dropped_spans == 7);
  CHECK(endpoint.kinds.at("Controller") == 6ms);
  CHECK(store.find("slowest")->request_id == "slow");
  CHECK(store.find("latest")->request_id == "last");
  CHECK(store.find("slow")->duration() == 3ms);
  CHECK(store.find("unknown") == nullptr);
  CHECK(store.find("latest", "Controller/b") == nullptr);
}

TEST_CASE("the store is bounded; the slowest trace of an endpoint stays longest") {
  Store store{{.traces = 3, .endpoints = 2}};
  store.add(trace("Controller/a", 100ms, "slowest"));
  for (int i = 0; i < 10; ++i) store.add(trace("Controller/a", 1ms, std::to_string(i)));
  CHECK(store.traces().size() == 3);
  CHECK(store.find("slowest")->request_id == "slowest");
  CHECK(store.find("latest")->request_id == "9");
  for (int i = 0; i < 10; ++i) store.add(trace("Controller/" + std::to_string(i), 1ms));
  CHECK(store.endpoints().size() <= 3);
  CHECK(store.endpoints().at("(other)").durations.count() == 9);
  CHECK(store.traces().size() == 3);
}

TEST_CASE("large traces count by their size") {
  Store store{{.traces = 100, .trace_bytes = 10'000}};
  for (int i = 0; i < 10; ++i) {
    Trace large = trace("Controller/a", 1ms);
    large.tags.push_back({"text", std::string(4'000, 'x')});
    store.add(std::move(large));
  }
  CHECK(store.traces().size() == 2);
}

TEST_SUITE_END();
