#include <scout/instrument/trace_context.hpp>

#include <scout/testing.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../support/ledger_change.hpp"

using scout::testing::matches, scout::testing::span, scout::testing::web;

TEST_SUITE_BEGIN("instrument/trace_context");

TEST_CASE("an attached context makes a worker's spans children of the span it was taken in") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan span{"fan out"};
    const scout::TraceContext context = scout::TraceContext::current();
    std::thread worker([context] {
      {
        scout::Attach attach{context};
        CHECK(scout::is_recording());
        scout::ScopedSpan work{"work"};
      }
      CHECK_FALSE(scout::TraceContext::current());
    });
    worker.join();
  }
  CHECK(matches(recording, web("page").children(span("Custom/fan out").children(span("Custom/work")))));
}

TEST_CASE("a bound callable carries the context to wherever it is called") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    auto bound = scout::bind([](int n) {
      SCOUT_INSTRUMENT("bound");
      return n + 1;
    });
    int result = 0;
    std::thread([&] { result = bound(1); }).join();
    CHECK(result == 2);
    scout::ScopedSpan other{"other"};
    CHECK(bound(2) == 3);
  }
  CHECK(matches(recording, web("page").children(span("Custom/bound"), span("Custom/other"), span("Custom/bound"))));
}

TEST_CASE("contexts of two transactions can alternate on one thread without mixing") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction first{"first"};
    const auto in_first = scout::TraceContext::current();
    scout::Attach outside{scout::TraceContext{}};
    scout::BackgroundTransaction second{"second"};
    const auto in_second = scout::TraceContext::current();
    for (int i = 0; i < 3000; ++i) {
      scout::Attach attach{i % 2 == 0 ? in_first : in_second};
      if (i < 1000) SCOUT_INSTRUMENT("work");
    }
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 2);
  for (const auto& trace : traces) CHECK(trace.spans().size() == 501);
  CHECK(ledger.spans().delivered == 1000);
}

TEST_CASE("an empty context detaches, and its scope restores what was there") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    {
      scout::Attach detach{scout::TraceContext{}};
      scout::ScopedSpan unrecorded{"unrecorded"};
    }
    scout::ScopedSpan recorded{"recorded"};
  }
  CHECK(matches(recording, web("page").children(span("Custom/recorded"))));
}

TEST_CASE("attaching the context of a transaction that is over records nothing and counts it") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  scout::TraceContext context;
  {
    scout::WebTransaction transaction{"over"};
    context = scout::TraceContext::current();
  }
  recording.traces();
  {
    scout::Attach attach{context};
    CHECK_FALSE(scout::is_recording());
    scout::ScopedSpan late{"late"};
    scout::Span movable{"late"};
  }
  CHECK(ledger.spans().dropped[scout::Reason::late] == 2);
}

TEST_CASE("a span has its last name, whichever threads gave it the others") {
  scout::testing::Recording recording;
  for (int i = 0; i < 20; ++i) {
    scout::WebTransaction transaction{"page"};
    std::optional<scout::Span> named, literal, same;
    std::thread(scout::bind([&] {
      named.emplace(std::string("unknown"), "HTTP");
      literal.emplace("Literal");
      same.emplace(std::string("same"));
    })).join();
    for (const char* const name : {"later", "GET"}) {
      named->rename(name, "HTTP");
      literal->rename(name, "HTTP");
    }
  }
  for (const auto& trace : recording.traces()) {
    CHECK(matches(trace, web("page").children(span("HTTP/GET"), span("HTTP/GET"), span("Custom/same"))));
  }
}

TEST_CASE("what is recorded below a span that has ended stays in its transaction") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::Span over{"over"};
    over.end();
    CHECK_FALSE(over.tag("late", 1));
    scout::Attach attach{over.context()};
    scout::ScopedSpan attached{"attached"};
    scout::Span child = over.child("child");
    scout::WebTransaction nested{"nested"};
  }
  const auto below = span("Custom/over").children(span("Custom/attached").children(span("Controller/nested")), span("Custom/child"));
  CHECK(matches(recording, web("page").children(below)));
}

TEST_CASE("many threads under one transaction: every span arrives under the right parent") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  constexpr int threads = 8, spans = 100;
  {
    scout::WebTransaction transaction{"page"};
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back(scout::bind([] {
        scout::ScopedSpan worker{"worker"};
        for (int n = 0; n < spans; ++n) SCOUT_INSTRUMENT("step");
      }));
    }
    for (auto& worker : workers) worker.join();
  }
  const auto worker = span("Custom/worker").children(span("Custom/step").times(spans));
  CHECK(matches(recording, web("page").children(worker.times(threads))));
  CHECK(ledger.spans().delivered == threads + threads * spans);
}

TEST_CASE("threads that come and go under many transactions lose nothing and mix nothing") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  constexpr int requests = 4, rounds = 100, workers = 3;
  std::vector<std::thread> threads;
  for (int i = 0; i < requests; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < rounds; ++round) {
        SCOUT_WEB_TRANSACTION("page");
        SCOUT_INSTRUMENT("fan out");
        std::vector<std::thread> parts;
        for (int part = 0; part < workers; ++part) {
          parts.emplace_back(scout::bind([] { SCOUT_INSTRUMENT("part"); }));
        }
        for (auto& part : parts) part.join();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto traces = recording.traces();
  CHECK(traces.size() == requests * rounds);
  for (const auto& trace : traces) {
    REQUIRE(matches(trace, web("page").children(span("Custom/fan out").children(span("Custom/part").times(workers)))));
  }
  CHECK(ledger.spans().delivered == requests * rounds * (1 + workers));
}

TEST_SUITE_END();
