// The same statement again and again keeps a stack, once, where Scout's Python agent would: five runs, 150 ms together.
#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using scout::testing::ManualClock, scout::testing::Recording;

namespace {

void run(ManualClock& clock, const std::string& statement, std::chrono::milliseconds time) {
  scout::Span span{scout::Operation{"SQL/Query"}};
  span.statement(statement);
  clock.advance(time);
}

// The positions of the spans that have a stack, over all traces.
std::vector<std::size_t> with_stack(Recording& recording) {
  std::vector<std::size_t> found;
  for (const auto& trace : recording.traces()) {
    for (std::size_t i = 0; i < trace.spans().size(); ++i) {
      for (const auto& tag : trace.spans()[i].tags()) {
        if (tag.key() == "stack") found.push_back(i);
      }
    }
  }
  return found;
}

std::string tag_of_request(Recording& recording, std::string_view key) {
  const auto traces = recording.traces();
  if (traces.size() != 1) return "not one trace";
  for (const auto& tag : traces[0].tags()) {
    if (tag.key() == key) return std::string(tag.json());
  }
  return {};
}

}  // namespace

TEST_SUITE_BEGIN("instrument/n_plus_one");

TEST_CASE("the fifth run keeps its stack when all took 150 ms together, whatever the values, and no other") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction{"list"};
    for (int i = 1; i <= 8; ++i) run(clock, "SELECT name FROM users WHERE id = " + std::to_string(i * 1000), 40ms);
  }
  CHECK(with_stack(recording) == std::vector<std::size_t>{5});
}

TEST_CASE("a quick statement keeps it only when the runs have taken long enough") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction{"list"};
    for (int i = 0; i < 20; ++i) run(clock, "SELECT 1", 10ms);
  }
  CHECK(with_stack(recording) == std::vector<std::size_t>{15});
}

TEST_CASE("different statements, and those of different transactions, are counted apart") {
  ManualClock clock;
  Recording recording(clock);
  for (int round = 0; round < 3; ++round) {
    scout::WebTransaction transaction{"list"};
    for (int i = 0; i < 4; ++i) {
      run(clock, "SELECT a FROM t", 100ms);
      run(clock, "SELECT b FROM t", 100ms);
    }
  }
  CHECK(with_stack(recording).empty());
}

TEST_CASE("more kinds of statements than a thread counts at once lose none that is frequent") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction{"list"};
    for (int i = 0; i < 5; ++i) {
      run(clock, "SELECT frequent FROM t", 40ms);
      if (i == 0) run(clock, "SELECT frequent FROM t", 40ms);
      for (int other = 0; other < 20; ++other) run(clock, "SELECT c FROM other" + std::to_string(i * 100 + other), 0ms);
    }
  }
  CHECK(with_stack(recording).size() == 1);
}

TEST_CASE("thresholds are configuration, and work without a statement may be marked as repeating") {
  ManualClock clock;
  scout::Config config;
  config.n_plus_one_count = 2;
  config.n_plus_one_seconds = 0.01;
  Recording recording(clock, config);
  {
    scout::WebTransaction transaction{"list"};
    for (int i = 0; i < 3; ++i) {
      scout::Span span{"fetch", "HTTP"};
      span.repeats("shop.example/items/" + std::to_string(i));
      clock.advance(6ms);
    }
  }
  CHECK(with_stack(recording) == std::vector<std::size_t>{2});
}

TEST_CASE("the request says which statement was run too often, how often and for how long") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction{"list"};
    for (int i = 0; i < 7; ++i) run(clock, "SELECT name FROM users WHERE id = " + std::to_string(i), 50ms);
    for (int i = 0; i < 7; ++i) run(clock, "SELECT 2", 1ms);
  }
  CHECK(tag_of_request(recording, "n_plus_one") == R"([{"statement":"SELECT name FROM users WHERE id = ?","count":7,"seconds":0.35}])");
}

TEST_CASE("statements of several threads are counted together for the request, the longest time first") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction{"list"};
    const auto work = [&, context = scout::TraceContext::current()] {
      const scout::Attach attach(context);
      for (int i = 0; i < 3; ++i) run(clock, "SELECT a", 60ms);
      for (int i = 0; i < 3; ++i) run(clock, "SELECT a_name_that_is_longer FROM t", 40ms);
    };
    std::thread([&] {
      work();
      std::thread(work).join();  // while this one lives, which keeps its buffer
    }).join();
  }
  CHECK(tag_of_request(recording, "n_plus_one") ==
        R"([{"statement":"SELECT a","count":6,"seconds":0.36},{"statement":"SELECT a_name_that_is_longer FROM t","count":6,"seconds":0.24}])");
  CHECK(with_stack(recording).empty());  // no thread has come to five
}

TEST_CASE("a request without such statements, and one whose configuration does not want it, carries no such tag") {
  ManualClock clock;
  for (const bool wanted : {true, false}) {
    scout::Config config;
    config.n_plus_one_tag = wanted;
    Recording recording(clock, config);
    {
      scout::WebTransaction transaction{"list"};
      for (int i = 0; i < (wanted ? 4 : 7); ++i) run(clock, "SELECT 1", 50ms);
    }
    CHECK(tag_of_request(recording, "n_plus_one").empty());
  }
}

TEST_CASE("spans of any kind count: one of a scope, one with a copied name, one of a function, in both clocks") {
  ManualClock manual;
  for (const bool with_manual_clock : {true, false}) {
    scout::Config config;
    config.n_plus_one_seconds = 0;
    std::optional<Recording> recording;
    with_manual_clock ? recording.emplace(manual, config) : recording.emplace(config);
    {
      scout::BackgroundTransaction transaction{"fetch"};
      for (int i = 0; i < 5; ++i) {
        scout::ScopedSpan span{scout::Operation{"Redis/GET"}};
        span.statement("GET user:" + std::to_string(i) + ":name");
        const scout::ScopedSpan child{"inside"};
      }
      for (int i = 0; i < 5; ++i) {
        scout::ScopedSpan span{"fetch", "HTTP"};
        span.repeats("shop.example/items/" + std::to_string(i));
      }
      for (int i = 0; i < 5; ++i) {
        scout::ScopedSpan span{scout::detail::FunctionName{"callback"}};
        span.repeats("callback");
      }
      const scout::ScopedSpan after{"after"};
    }
    CHECK(with_stack(*recording) == std::vector<std::size_t>{9, 15, 20});
    const std::string tag = tag_of_request(*recording, "n_plus_one");
    CAPTURE(tag);
    for (const auto* name : {"\"GET user:?:name\"", "\"HTTP/fetch\"", "\"Custom/callback\""}) CHECK(tag.find(name) != tag.npos);
    const auto trace = recording->traces().back();
    CHECK(trace.spans()[1].operation() == "Redis/GET");
    CHECK(trace.spans()[2].operation() == "Custom/inside");
    CHECK(trace.spans()[2].parent() == trace.spans()[1].id());
    CHECK(trace.spans()[20].operation() == "Custom/callback");
    CHECK(trace.spans()[21].parent() == trace.spans()[0].id());
    CHECK(recording->stats().spans.balanced());
  }
}

TEST_SUITE_END();
