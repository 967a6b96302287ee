#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

using namespace std::chrono_literals;

TEST_SUITE_BEGIN("testing/recording");

TEST_CASE("a recording keeps finished transactions only, and each once") {
  scout::testing::Recording recording;
  REQUIRE(recording.installed());
  scout::WebTransaction open{"open"};
  CHECK(recording.traces().empty());
  {
    scout::Attach outside{scout::TraceContext{}};
    scout::WebTransaction finished{"finished"};
  }
  CHECK(recording.traces().size() == 1);
  CHECK(recording.traces().size() == 1);
}

TEST_CASE("a second recording at the same time records nothing and says so") {
  scout::testing::Recording first;
  scout::testing::Recording second;
  CHECK(first.installed());
  CHECK_FALSE(second.installed());
  { scout::WebTransaction transaction{"page"}; }
  CHECK(first.traces().size() == 1);
  CHECK(second.traces().empty());
}

TEST_CASE("a recording obeys its configuration") {
  scout::testing::Recording recording(scout::Config{.ignore_endpoints = std::vector<std::string>{"health"}});
  { scout::WebTransaction transaction{"health"}; }
  { scout::WebTransaction transaction{"page"}; }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].operation() == "Controller/page");
}

TEST_CASE("a recording has the application's events") {
  scout::testing::Recording recording;
  { scout::WebTransaction transaction{"page"}; }
  const auto events = recording.events();
  REQUIRE_FALSE(events.empty());
  CHECK(events[0].type() == "scout.metadata");
  CHECK(events[0].source().starts_with("Pid: "));
}

TEST_CASE("a key of the collector's own that the application has used is there once") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::add_context("mem_delta", "mine");
    scout::add_context("after", 1);
  }
  const auto trace = recording.traces().at(0);
  REQUIRE(trace.tags().size() == 2);
  CHECK(trace.tags()[0].key() == "mem_delta");
  CHECK(trace.tags()[0].json() != "\"mine\"");
  CHECK(trace.tags()[1].key() == "after");
}

TEST_CASE("a span that begins after its transaction has ended lasts no time") {
  scout::testing::Recording recording;
  std::optional<scout::Span> future;
  {
    scout::WebTransaction transaction{"page"};
    future.emplace("future", std::chrono::system_clock::now() + std::chrono::hours(1));
  }
  const auto trace = recording.traces().at(0);
  REQUIRE(trace.spans().size() == 2);
  CHECK(trace.spans()[1].stop() == trace.spans()[1].start());
}

TEST_CASE("the manual clock makes times exact on every thread") {
  scout::testing::ManualClock clock(scout::Time(1'000'000'000ns));
  scout::testing::Recording recording(clock);
  {
    scout::BackgroundTransaction job{"job"};
    clock.advance(7ns);
    SCOUT_INSTRUMENT("span");
    clock.advance(5ns);
  }
  const auto trace = recording.traces().at(0);
  CHECK(trace.start() == scout::Time(1'000'000'000ns));
  CHECK(trace.stop() == scout::Time(1'000'000'012ns));
  CHECK(trace.spans().at(1).start() == scout::Time(1'000'000'007ns));
  CHECK(trace.spans().at(1).duration() == 5ns);
}

TEST_SUITE_END();
