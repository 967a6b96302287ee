#include <scout/testing.hpp>

#include <string>
#include <thread>
#include <utility>

#include "../../support/ledger_change.hpp"
#include "../../support/trace_tree.hpp"

using namespace std::chrono_literals;

TEST_SUITE_BEGIN("instrument/span");

TEST_CASE("spans nest as their scopes do, and siblings keep the order of their start") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"page"};
    {
      scout::ScopedSpan first{"first"};
      scout::ScopedSpan inner{scout::Operation{"SQL/Query"}};
    }
    scout::ScopedSpan second{"second", "HTTP"};
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) == "Controller/page{Custom/first{SQL/Query} HTTP/second}");
  CHECK(ledger.spans().started == 3);
  CHECK(ledger.spans().delivered == 3);
}

TEST_CASE("a span's times are those of the clock at its scope's ends") {
  scout::testing::ManualClock clock;
  const scout::Time start = clock.now();
  scout::testing::Recording recording(clock);
  {
    scout::WebTransaction transaction{"page"};
    clock.advance(2ms);
    {
      scout::ScopedSpan span{"work"};
      clock.advance(3ms);
    }
    clock.advance(5ms);
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].start() == start);
  CHECK(traces[0].duration() == 10ms);
  REQUIRE(traces[0].spans().size() == 2);
  CHECK(traces[0].spans()[1].start() == start + 2ms);
  CHECK(traces[0].spans()[1].duration() == 3ms);
}

TEST_CASE("a span measured with the processor's counter lies inside the wall clock's interval around it") {
  scout::testing::Recording recording;
  const auto before = std::chrono::system_clock::now();
  { scout::WebTransaction transaction{"page"}; }
  const auto after = std::chrono::system_clock::now();
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].start() > before - 2ms);
  CHECK(traces[0].stop() < after + 2ms);
  CHECK(traces[0].stop() >= traces[0].start());
}

TEST_CASE("outside a transaction spans record nothing and tags say so") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  scout::ScopedSpan scoped{"lonely"};
  scout::Span movable{"lonely"};
  CHECK_FALSE(scoped.tag("key", 1));
  CHECK_FALSE(movable.tag("key", 1));
  movable.end();
  CHECK(recording.traces().empty());
  CHECK(ledger.spans().started == 0);
}

TEST_CASE("names are copied, whatever string they come as") {
  scout::testing::Recording recording;
  {
    std::string name = "a rather long name that lives on the heap";
    scout::WebTransaction transaction{std::string("temporary ") + "transaction"};
    scout::ScopedSpan span{name, std::string("Kind")};
    name.assign(name.size(), 'x');
    char array[] = "array";
    scout::ScopedSpan other{array};
    array[0] = 'x';
    scout::ScopedSpan null{static_cast<const char*>(nullptr)};
    scout::ScopedSpan utf8{u8"ünïcode"};
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) ==
        "Controller/temporary transaction{Kind/a rather long name that lives on the heap{Custom/array{Custom/{Custom/ünïcode}}}}");
}

TEST_CASE("a name over 512 bytes is cut and says by how much") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan span{std::string(1000, 'n')};
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  const std::string& operation = traces[0].spans()[1].operation();
  CHECK(operation == "Custom/" + std::string(505, 'n') + "…[cut 495]");
}

TEST_CASE("a movable span may be moved, ended twice, and is the parent of its children only") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"page"};
    scout::Span first{"first"};
    scout::Span moved = std::move(first);
    scout::ScopedSpan scoped{"scoped"};
    scout::Span child = moved.child("child", "HTTP");
    child.end();
    child.end();
    moved.end();
    scout::Span replaced{"replaced"};
    replaced = scout::Span{"replacement"};
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) == "Controller/page{Custom/first{HTTP/child} Custom/scoped{Custom/replaced Custom/replacement}}");
  CHECK(ledger.spans().delivered == 5);
}

TEST_CASE("a movable span may end on another thread") {
  scout::testing::ManualClock clock;
  scout::testing::Recording recording(clock);
  {
    scout::WebTransaction transaction{"page"};
    scout::Span span{"elsewhere"};
    clock.advance(1ms);
    std::thread([moved = std::move(span), &clock]() mutable {
      moved.tag("thread", "other");
      clock.advance(1ms);
      moved.end();
    }).join();
    clock.advance(1ms);
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  REQUIRE(traces[0].spans().size() == 2);
  CHECK(traces[0].spans()[1].duration() == 2ms);
  CHECK(scout::testing::tag_json(traces[0].spans()[1], "thread") == "\"other\"");
}

TEST_CASE("a movable span that never ends is closed with its transaction") {
  scout::testing::ManualClock clock;
  scout::testing::Recording recording(clock);
  LedgerChange ledger;
  auto* const leaked = new char[sizeof(scout::Span)];
  {
    scout::WebTransaction transaction{"page"};
    clock.advance(1ms);
    new (leaked) scout::Span{"never"};
    clock.advance(4ms);
  }
  const auto traces = recording.traces();
  delete[] leaked;
  REQUIRE(traces.size() == 1);
  REQUIRE(traces[0].spans().size() == 2);
  CHECK(traces[0].spans()[1].stop() == traces[0].stop());
  CHECK(ledger.spans().delivered == 1);
}

TEST_CASE("a span can be added after the fact, in times of either clock") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  const auto steady = std::chrono::steady_clock::now();
  const auto wall = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan span{"parent"};
    CHECK(scout::add_span(scout::Operation{"SQL/Query"}, steady - 30ms, steady - 10ms));
    CHECK(scout::add_span("remote", wall - 9ms, wall - 4ms, {"HTTP", 4}));
    CHECK(scout::add_span("backwards", wall, wall - 1s));
  }
  CHECK_FALSE(scout::add_span("outside", steady, steady));
  const auto trace = recording.traces().at(0);
  CHECK(span_tree(trace) == "Controller/page{Custom/parent{SQL/Query HTTP/remote Custom/backwards}}");
  const auto near = [](auto left, auto right) { return left > right - 3ms && left < right + 3ms; };
  CHECK(near(trace.spans()[2].start(), scout::Time(wall) - 30ms));
  CHECK(near(trace.spans()[2].duration(), 20ms));
  CHECK(near(trace.spans()[3].start(), scout::Time(wall) - 9ms));
  CHECK(near(trace.spans()[3].duration(), 5ms));
  CHECK(trace.spans()[4].duration() == 0ms);
  CHECK(ledger.spans().delivered == 4);
}

TEST_CASE("an ignored span is left out and its children hang on its parent") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan ignored{"ignored", {"Custom", 6}, {.ignore = true}};
    scout::ScopedSpan child{"child"};
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) == "Controller/page{Custom/child}");
}

TEST_CASE("an ignored span that ignores its children leaves its whole subtree out, and recording goes on after it") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"page"};
    {
      scout::ScopedSpan ignored{"ignored", {"Custom", 6}, {.ignore = true, .ignore_children = true}};
      scout::ScopedSpan hidden{"hidden"};
      scout::ScopedSpan deeper{"deeper", {"Custom", 6}, {.leaf = true}};
      SCOUT_INSTRUMENT("deepest");
    }
    scout::ScopedSpan after{"after"};
  }
  CHECK(span_tree(recording.traces().at(0)) == "Controller/page{Custom/after}");
  CHECK(ledger.spans().ignored == 3);
}

TEST_CASE("below a leaf nothing is recorded, its tags are its own, and recording goes on after it") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"page"};
    {
      scout::ScopedSpan leaf{scout::Operation{"Elasticsearch/Search"}, {.leaf = true}};
      scout::ScopedSpan hidden{"hidden"};
      scout::Span movable{"hidden"};
      SCOUT_TAG("where", "leaf");
      CHECK(leaf.tag("direct", true));
      CHECK_FALSE(scout::is_recording());
    }
    scout::ScopedSpan after{"after"};
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) == "Controller/page{Elasticsearch/Search Custom/after}");
  CHECK(scout::testing::tag_json(traces[0].spans()[1], "where") == "\"leaf\"");
  CHECK(scout::testing::tag_json(traces[0].spans()[1], "direct") == "true");
  CHECK(ledger.spans().ignored == 2);
}

TEST_CASE("a failed span has the tag error") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan span{"work"};
    span.mark_error();
  }
  CHECK(scout::testing::tag_json(recording.traces().at(0).spans().at(1), "error") == "\"true\"");
}

TEST_CASE("a decorated callable runs in a span, passes arguments and results through, and may be called again and again") {
  scout::testing::Recording recording;
  int calls = 0;
  auto load = scout::instrument(
      "load",
      [&calls](int& n) -> int& {
        ++calls;
        return ++n;
      },
      {"Cache", 5});
  {
    scout::BackgroundTransaction transaction{"job"};
    int n = 0;
    CHECK(&load(n) == &n);
    load(n);
    CHECK(n == 2);
  }
  CHECK(calls == 2);
  CHECK(span_tree(recording.traces().at(0)) == "Job/job{Cache/load Cache/load}");
}

TEST_CASE("an exception leaves the spans closed and passes through, without an error tag") {
  scout::testing::Recording recording;
  try {
    scout::WebTransaction transaction{"boom"};
    scout::ScopedSpan span{"inner"};
    throw 1;
  } catch (int) {
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) == "Controller/boom{Custom/inner}");
  CHECK(scout::testing::tag_json(traces[0], "error").empty());
}

TEST_CASE("a transaction has at most 1,500 spans beside its root; the rest is counted and said on the trace") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"many"};
    for (int i = 0; i < 1700; ++i) SCOUT_INSTRUMENT("s");
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].spans().size() == 1501);
  CHECK(traces[0].dropped_spans() == 200);
  CHECK(scout::testing::tag_json(traces[0], "scout.reached_span_cap") == "true");
  CHECK(scout::testing::tag_json(traces[0], "scout.dropped_spans") == "200");
  CHECK(ledger.spans().dropped[scout::Reason::span_cap] == 200);
}

TEST_CASE("spans that end after their transaction was sent are counted as late") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  auto* const transaction = new scout::WebTransaction{"short"};
  {
    scout::ScopedSpan outlives{"outlives"};
    delete transaction;
    CHECK(span_tree(recording.traces().at(0)) == "Controller/short");
  }
  recording.traces();
  CHECK(ledger.spans().dropped[scout::Reason::late] == 1);
}

TEST_CASE("scopes that end out of order do no harm to the current span") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    auto* const first = new scout::ScopedSpan{"first"};
    auto* const second = new scout::ScopedSpan{"second"};
    delete first;
    scout::ScopedSpan below{"below second"};
    delete second;
  }
  CHECK(span_tree(recording.traces().at(0)) == "Controller/page{Custom/first{Custom/second{Custom/below second}}}");
}

TEST_SUITE_END();
