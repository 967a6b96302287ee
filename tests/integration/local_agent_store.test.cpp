#include <doctest/doctest.h>

#include <open_requests.hpp>
#include <repetition.hpp>
#include <store.hpp>

#include <set>
#include <string>
#include <vector>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

// Feeds messages to OpenRequests and keeps what is finished.
struct Feed {
  explicit Feed(OpenRequestLimits limits = {}) : requests{[this](Trace trace) { traces.push_back(std::move(trace)); }, limits} {}
  Feed(const Feed&) = delete;

  void operator()(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::element message;
    REQUIRE(parser.parse(json).get(message) == simdjson::SUCCESS);
    requests.apply(message, now);
  }

  std::vector<Trace> traces;
  OpenRequests requests;
  Time now{1s};
};

Span span(std::string id, std::string parent, std::string operation, Duration start, Duration stop) {
  return {std::move(id), std::move(parent), std::move(operation), Time{start}, Time{stop}, false, {}, {}, 0, Duration{0}, {}};
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
  Feed feed{{.requests = 3}};
  for (const char* id : {"a", "b", "c", "d"}) feed(R"({"StartRequest":{"request_id":")" + std::string{id} + R"("}})");
  CHECK(feed.requests.account().given_up == 1);
  feed(R"({"FinishRequest":{"request_id":"a"}})");
  CHECK(feed.requests.account().astray == 1);
  CHECK(feed.traces.empty());
  feed(R"({"FinishRequest":{"request_id":"b"}})");
  CHECK(feed.traces.size() == 1);
  const RequestAccount& account = feed.requests.account();
  CHECK(account.started == account.finished + account.given_up + feed.requests.size());
}

TEST_CASE("a tag that is set again and again counts once") {
  Feed feed{{.bytes = 100'000, .tags = 2}};
  for (const char* id : {"a", "b"}) feed(R"({"StartRequest":{"request_id":")" + std::string{id} + R"("}})");
  for (int i = 0; i < 1000; ++i) {
    for (const char* key : {"x", "y", "beyond the limit"}) {
      feed(R"({"TagRequest":{"request_id":"b","tag":")" + std::string{key} + R"(","value":")" + std::string(1000, 'v') + R"("}})");
    }
  }
  for (const char* id : {"a", "b"}) feed(R"({"FinishRequest":{"request_id":")" + std::string{id} + R"("}})");
  CHECK(feed.requests.account().given_up == 0);
  CHECK(feed.traces.size() == 2);
}

TEST_CASE("a transaction that the application ignores is counted and not shown") {
  Feed feed;
  feed(R"({"StartRequest":{"request_id":"r"}})");
  feed(R"({"TagRequest":{"request_id":"r","tag":"ignore_transaction","value":true}})");
  feed(R"({"FinishRequest":{"request_id":"r"}})");
  CHECK(feed.traces.empty());
  CHECK(feed.requests.account().ignored == 1);
}

TEST_CASE("a request's spans, tags and texts are bounded, and what is not kept is counted") {
  Feed feed{{.spans = 3, .tags = 2, .text = 10}};
  feed(R"({"StartRequest":{"request_id":"r"}})");
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    feed(R"({"StartSpan":{"request_id":"r","span_id":")" + number + R"(","operation":"Custom/a"}})");
    feed(R"({"TagSpan":{"request_id":"r","span_id":"0","tag":")" + number + R"(","value":"0123456789abc"}})");
  }
  feed(R"({"FinishRequest":{"request_id":"r"}})");
  REQUIRE(feed.traces.size() == 1);
  CHECK(feed.traces[0].spans.size() == 3);
  CHECK(feed.traces[0].spans_not_kept == 2);
  CHECK(feed.traces[0].spans[0].tags.size() == 2);
  CHECK(feed.traces[0].spans[0].tags[0].text == "0123456789…[cut 3]");
}

TEST_CASE("requests that grow without end are given up") {
  Feed feed{{.bytes = 100'000}};
  feed(R"({"StartRequest":{"request_id":"grows"}})");
  for (int i = 0; i < 1000; ++i)
    feed(R"({"StartSpan":{"request_id":"grows","span_id":")" + std::to_string(i) + R"(","operation":"Custom/a"}})");
  CHECK(feed.requests.account().given_up == 1);
  CHECK(feed.requests.size() == 0);
}

TEST_CASE("a slow span's stack is kept frame by frame; the application's own is told from the system's") {
  Feed feed;
  feed(R"({"BatchCommand":{"commands":[{"StartRequest":{"request_id":"r"}},
    {"StartSpan":{"request_id":"r","span_id":"s","operation":"SQL/Query"}},
    {"TagSpan":{"request_id":"r","span_id":"s","tag":"stack","value":[
      {"file":"/usr/lib/libsqlite3.so","line":0,"function":"sqlite3_step"},
      {"file":"src/users.cpp","line":41,"function":"load_users"},
      {"file":"src/main.cpp","line":7,"function":"main"}]}},
    {"FinishRequest":{"request_id":"r"}}]}})");
  REQUIRE(feed.traces.size() == 1);
  const Span& kept = feed.traces[0].spans[0];
  REQUIRE(kept.stack.size() == 3);
  CHECK(application_frames(kept.stack).innermost->function == "load_users");
  CHECK(application_frames(kept.stack).innermost->line == 41);
  CHECK(application_frames(kept.stack).caller->function == "main");
  CHECK(find_tag(kept.tags, "stack") == nullptr);
  CHECK(application_frames({}).innermost == nullptr);
}

TEST_CASE("where an exception was thrown is kept frame by frame, for a span and for the request") {
  Feed feed;
  feed(R"({"BatchCommand":{"commands":[{"StartRequest":{"request_id":"r"}},
    {"TagRequest":{"request_id":"r","tag":"error_stack","value":[{"file":"src/pay.cpp","line":7,"function":"charge"}]}},
    {"StartSpan":{"request_id":"r","span_id":"s","operation":"Custom/pay"}},
    {"TagSpan":{"request_id":"r","span_id":"s","tag":"error_stack","value":[{"file":"src/pay.cpp","line":9,"function":"refund"}]}},
    {"FinishRequest":{"request_id":"r"}}]}})");
  REQUIRE(feed.traces.size() == 1);
  const Trace& trace = feed.traces[0];
  REQUIRE(trace.error_stack.size() == 1);
  CHECK(trace.error_stack[0].function == "charge");
  REQUIRE(trace.spans[0].error_stack.size() == 1);
  CHECK(trace.spans[0].error_stack[0].line == 9);
  CHECK(find_tag(trace.tags, "error_stack") == nullptr);
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
  CHECK(made.endpoint == "Controller/p");
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
  made.finish(Time{1ms});
  CHECK(made.endpoint == "Controller/c");
  made.tags.push_back({"transaction.name", "Controller/renamed"});
  made.finish(Time{1ms});
  CHECK(made.endpoint == "Controller/renamed");
}

TEST_CASE("statements are the same when only their numbers and strings differ") {
  CHECK(normalised("SELECT *\n  FROM t1 WHERE id = 7 AND x=-1.5e-3") == "SELECT * FROM t1 WHERE id = ? AND x=-?");
  CHECK(normalised("a = 'it''s 5' OR b = 'x\\'y' OR \"c d\" = 0x1F") == "a = ? OR b = ? OR \"c d\" = ?");
  CHECK(normalised("id IN (1, 2,3)") == normalised("id IN (7)"));
  CHECK(normalised("id IN (?, ?)") == "id IN (?)");
  CHECK(normalised("x = $1, 'never closed") == "x = ?");
  CHECK(normalised("größe2 = 3") == "größe2 = ?");
  CHECK(normalised("") == "");
}

TEST_CASE("five siblings with the same operation and statement are an N+1 group, whatever their values") {
  Trace made;
  made.spans = {span("p", "", "Controller/p", 0ms, 10ms)};
  const auto add = [&](const char* parent, const char* operation, std::string statement) {
    made.spans.push_back(span(std::to_string(made.spans.size()), parent, operation, 1ms, 2ms));
    made.spans.back().tags.push_back({"db.statement", std::move(statement)});
  };
  for (int i = 0; i < 4; ++i) add("p", "SQL/Query", "SELECT " + std::to_string(i));
  add("1", "SQL/Query", "SELECT 4");   // another parent
  add("p", "SQL/Many", "SELECT 4");    // another operation
  add("p", "SQL/Query", "SELECT 4,");  // another statement
  made.finish(Time{10ms});
  CHECK(repetitions(made).empty());
  CHECK(repetitions(made, 4).size() == 1);
  add("p", "SQL/Query", "SELECT 'five'");
  made.finish(Time{10ms});
  const auto groups = repetitions(made);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].count() == 5);
  CHECK(groups[0].total == 5ms);
  CHECK(groups[0].statement == "SELECT ?");
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
  CHECK(endpoint.total == 6ms);
  CHECK(endpoint.errors == 1);
  CHECK(endpoint.dropped_spans == 7);
  CHECK(endpoint.kinds.at("Controller") == 6ms);
  CHECK(store.find("slowest")->request_id == "slow");
  CHECK(store.find("latest")->request_id == "last");
  CHECK(store.find("slow")->duration() == 3ms);
  CHECK(store.find("unknown") == nullptr);
  CHECK(store.find("latest", "Controller/b") == nullptr);
  CHECK(store.traces_of("Controller/a", 2).front()->request_id == "last");
  CHECK(store.traces_of("Controller/a", 2).size() == 2);
}

// received = shown + thrown away, counted by looking.
void check_account(const Store& store) {
  std::set<std::uint64_t> seen;
  for (const auto& [name, endpoint] : store.endpoints()) {
    for (const KeptTrace& each : store.traces_of(name, 1'000'000)) seen.insert(each->number);
  }
  CHECK(store.shown() == seen.size());
  CHECK(store.received() == store.shown() + store.thrown_away());
}

TEST_CASE("the store is bounded; the slowest trace of an endpoint stays; what goes is counted") {
  Store store{{.traces = 3, .endpoints = 2}};
  store.add(trace("Controller/a", 100ms, "slowest"));
  for (int i = 0; i < 10; ++i) store.add(trace("Controller/a", 1ms, std::to_string(i)));
  CHECK(store.latest().size() == 3);
  CHECK(store.find("slowest")->request_id == "slowest");
  CHECK(store.traces_of("Controller/a", 10).back()->request_id == "slowest");
  CHECK(store.find("latest")->request_id == "9");
  CHECK(store.thrown_away() == 7);
  check_account(store);
  store.add(trace("Controller/a", 200ms, "slower"));
  CHECK(store.find("slowest", "Controller/a")->request_id == "slower");
  check_account(store);
  for (int i = 0; i < 10; ++i) store.add(trace("Controller/" + std::to_string(i), 1ms));
  CHECK(store.endpoints().size() == 3);
  CHECK(store.endpoints().at("(other)").durations.count() == 9);
  check_account(store);
}

TEST_CASE("large traces count by their size") {
  Store store{{.traces = 100, .trace_bytes = 10'000}};
  for (int i = 0; i < 10; ++i) {
    Trace large = trace("Controller/" + std::to_string(i), 1ms);
    large.tags.push_back({"text", std::string(4'000, 'x')});
    store.add(std::move(large));
  }
  CHECK(store.shown() == 2);
  CHECK(store.endpoints().size() == 10);
  check_account(store);
}

TEST_CASE("names from outside are cut before they become keys") {
  Store store;
  store.add(trace("Controller/" + std::string(100'000, 'x'), 1ms));
  CHECK(store.endpoints().begin()->first.size() < 300);
}

TEST_SUITE_END();
