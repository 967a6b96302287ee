#include <scout/testing.hpp>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "../../support/ledger_change.hpp"

using namespace std::chrono_literals;
using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::web;

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
  CHECK(matches(recording, web("page").children(span("Custom/first").children(span("SQL/Query")), span("HTTP/second"))));
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
  CHECK(matches(recording, web("page").lasts(10ms).children(span("Custom/work").starts_at(2ms).lasts(3ms))));
  CHECK(recording.traces().at(0).start() == start);
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

TEST_CASE("outside a transaction a span writes nothing at all") {
  scout::testing::Recording recording;
  { scout::WebTransaction transaction{"page"}; }  // the thread has a ring now
  const std::uint64_t head = scout::detail::thread_buffer->head;
  {
    SCOUT_INSTRUMENT("macro");
    scout::ScopedSpan named{"named"};
    scout::Span movable{"movable"};
  }
  CHECK(scout::detail::thread_buffer->head == head);
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
  CHECK(matches(recording,
                web("temporary transaction")
                    .children(span("Kind/a rather long name that lives on the heap")
                                  .children(span("Custom/array").children(span("Custom/").children(span("Custom/ünïcode")))))));
}

TEST_CASE("a name over 512 bytes is cut and says by how much") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan span{std::string(1000, 'n')};
  }
  CHECK(matches(recording, web("page").children(span("Custom/" + std::string(505, 'n') + "…[cut 495]"))));
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
  CHECK(matches(recording,
                web("page").children(span("Custom/first").children(span("HTTP/child")),
                                     span("Custom/scoped").children(span("Custom/replaced"), span("Custom/replacement")))));
  CHECK(ledger.spans().delivered == 5);
}

TEST_CASE("a span that was moved from ends nothing") {
  scout::testing::ManualClock clock;
  scout::testing::Recording recording(clock);
  {
    scout::WebTransaction transaction{"page"};
    auto first = std::make_unique<scout::Span>("work");
    scout::Span moved = std::move(*first);
    first.reset();
    clock.advance(1ms);
  }
  CHECK(matches(recording, web("page").children(span("Custom/work").lasts(1ms))));
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
  CHECK(matches(recording, web("page").lasts(3ms).children(span("Custom/elsewhere").tag("thread", "other").lasts(2ms))));
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
  CHECK(matches(recording, web("page").lasts(5ms).children(span("Custom/never").starts_at(1ms).lasts(4ms))));
  delete[] leaked;
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
  CHECK(
      matches(recording,
              web("page").children(
                  span("Custom/parent").children(span("SQL/Query"), span("HTTP/remote"), span("Custom/backwards").lasts(0ms)))));
  const auto trace = recording.traces().at(0);
  const auto near = [](auto left, auto right) { return left > right - 3ms && left < right + 3ms; };
  CHECK(near(trace.spans()[2].start(), scout::Time(wall) - 30ms));
  CHECK(near(trace.spans()[2].duration(), 20ms));
  CHECK(near(trace.spans()[3].start(), scout::Time(wall) - 9ms));
  CHECK(near(trace.spans()[3].duration(), 5ms));
  CHECK(ledger.spans().delivered == 4);
}

TEST_CASE("an added span may have any times: those of before the machine's start come first, and none is beyond a century") {
  using Steady = std::chrono::steady_clock;
  using Hours = std::chrono::time_point<Steady, std::chrono::hours>;
  using Seconds = std::chrono::time_point<Steady, std::chrono::duration<double>>;
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::add_span("now", Steady::now(), Steady::now());
    scout::add_span("always", Steady::time_point::min(), Steady::time_point::max());
    scout::add_span("hours", Hours::min(), Hours::max());
    scout::add_span("seconds", Seconds::min(), Seconds::max());
  }
  CHECK(matches(recording, web("page").children(span("Custom/always"), span("Custom/hours"), span("Custom/seconds"),
                                                span("Custom/now"))));
  const auto trace = recording.traces().at(0);
  for (const std::size_t far : {1u, 2u, 3u}) {
    CHECK(trace.start() - trace.spans()[far].start() > 24h * 365 * 50);
    CHECK(trace.spans()[far].stop() - trace.stop() > 24h * 365 * 50);
  }
}

TEST_CASE("a movable span may say itself when it started and ended, in times of either clock") {
  scout::testing::Recording recording;
  const auto steady = std::chrono::steady_clock::now();
  const auto wall = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  {
    scout::WebTransaction transaction{"page"};
    scout::Span query{scout::Operation{"SQL/Query"}, steady - 30ms};
    query.end(steady - 10ms);
    scout::Span remote{"remote", wall - 9ms, "HTTP"};
    remote.end(wall - 4ms);
    remote.end(wall);
  }
  CHECK(matches(recording, web("page").children(span("SQL/Query"), span("HTTP/remote"))));
  const auto trace = recording.traces().at(0);
  const auto near = [](auto left, auto right) { return left > right - 3ms && left < right + 3ms; };
  CHECK(near(trace.spans()[1].start(), scout::Time(wall) - 30ms));
  CHECK(near(trace.spans()[1].duration(), 20ms));
  CHECK(near(trace.spans()[2].start(), scout::Time(wall) - 9ms));
  CHECK(near(trace.spans()[2].duration(), 5ms));
}

TEST_CASE("a movable span that ends before it started, by what the program says, takes no time") {
  scout::testing::Recording recording;
  const auto now = std::chrono::steady_clock::now();
  {
    scout::WebTransaction transaction{"page"};
    scout::Span span{scout::Operation{"SQL/Query"}, now};
    span.end(now - 1s);
  }
  CHECK(matches(recording, web("page").children(span("SQL/Query").lasts(0ms))));
}

TEST_CASE("an ignored span is left out and its children hang on its parent") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan ignored{"ignored", {"Custom", 6}, {.ignore = true}};
    scout::ScopedSpan child{"child"};
  }
  CHECK(matches(recording, web("page").children(span("Custom/child"))));
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
  CHECK(matches(recording, web("page").children(span("Custom/after"))));
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
  CHECK(matches(recording, web("page").children(span("Elasticsearch/Search").tag("where", "leaf").tag("direct", true),
                                                span("Custom/after"))));
  CHECK(ledger.spans().ignored == 2);
}

TEST_CASE("what a child that is not recorded is tagged with is nobody's, and what stands around it keeps its tags") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"page"};
    {
      scout::ScopedSpan search{scout::Operation{"Elasticsearch/Search"}, {.ignore_children = true}};
      {
        scout::ScopedSpan hidden{"request"};
        SCOUT_TAG("url", "http://search/");
        CHECK_FALSE(hidden.tag("method", "GET"));
        hidden.mark_error();
        hidden.statement("SELECT 1");
        {
          SCOUT_INSTRUMENT("deeper");
          SCOUT_TAG("url", "http://search/");
        }
        SCOUT_TAG("url", "http://search/");
        scout::add_context("plan", "free");
      }
      SCOUT_TAG("index", "users");
      scout::Span movable{"request"};
      scout::Attach below{movable.context()};
      SCOUT_TAG("url", "http://search/");
    }
    SCOUT_TAG("after", 1);
    {
      scout::ScopedSpan ignored{scout::Operation{"HTTP/GET"}, {.ignore = true, .ignore_children = true}};
      SCOUT_TAG("url", "http://search/");
    }
    SCOUT_INSTRUMENT("last");
  }
  const auto search = span("Elasticsearch/Search").tag("index", "users").no_tag("url").no_tag("method").no_tag("error");
  CHECK(matches(recording, web("page").tag("plan", "free").no_tag("url").children(search, span("Custom/last"))));
  CHECK(recording.traces().back().spans().front().tags().size() == 1);
  CHECK(ledger.spans().ignored == 3);
}

TEST_CASE("the context of a movable span that is not recorded is that of its parent") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"page"};
    for (int i = 0; i < 1500; ++i) SCOUT_INSTRUMENT("s");
    scout::Span refused{"refused"};
    CHECK_FALSE(refused.tag("lost", true));
    scout::Span child = refused.child("child");
    scout::Attach below{child.context()};
    CHECK(scout::add_context("plan", "free"));
    { scout::WebTransaction nested{"nested"}; }
    scout::rename_transaction("Controller/renamed");
  }
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan leaf{scout::Operation{"Elasticsearch/Search"}, {.leaf = true}};
    scout::Span hidden{"hidden"};
    scout::Attach below{hidden.context()};
    { scout::WebTransaction nested{"nested"}; }
    scout::ignore_transaction();
  }
  CHECK(matches(recording, web("page")
                               .tag("plan", "free")
                               .no_tag("lost")
                               .tag("transaction.name", "Controller/renamed")
                               .tag("scout.reached_span_cap", true)
                               .tag("scout.dropped_spans", 3)
                               .dropped_spans(3)
                               .children(span("Custom/s").times(1500))));
  CHECK(ledger.spans().dropped[scout::Reason::span_cap] == 3);
}

TEST_CASE("a failed span has the tag error") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"page"};
    scout::ScopedSpan span{"work"};
    span.mark_error();
  }
  CHECK(matches(recording, web("page").no_tag("error").children(span("Custom/work").tag("error", "true"))));
}

TEST_CASE("a decorated callable runs in a span, passes arguments and results through, and may be called again and again") {
  scout::testing::Recording recording;
  int calls = 0;
  auto load = scout::instrument("load",
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
  CHECK(matches(recording, background("job").children(span("Cache/load").times(2))));
}

TEST_CASE("an exception leaves the spans closed and passes through, without an error tag") {
  scout::testing::Recording recording;
  try {
    scout::WebTransaction transaction{"boom"};
    scout::ScopedSpan span{"inner"};
    throw 1;
  } catch (int) {
  }
  CHECK(matches(recording, web("boom").no_tag("error").children(span("Custom/inner").no_tag("error"))));
}

TEST_CASE("a transaction has at most 1,500 spans beside its root; the rest is counted and said on the trace") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"many"};
    for (int i = 0; i < 1700; ++i) SCOUT_INSTRUMENT("s");
  }
  CHECK(matches(recording, web("many")
                               .dropped_spans(200)
                               .tag("scout.reached_span_cap", true)
                               .tag("scout.dropped_spans", 200)
                               .children(span("Custom/s").times(1500))));
  CHECK(ledger.spans().dropped[scout::Reason::span_cap] == 200);
}

TEST_CASE("a named span whose allocations are counted takes no byte of the ring that was not granted") {
  scout::testing::Recording recording;
  auto& counting = scout::detail::find_registry()->opt_ins.allocations;
  counting = [](scout::detail::AllocationCounts& counts) noexcept { counts = {}; };
  {
    SCOUT_WEB_TRANSACTION("page");
    scout::detail::ThreadBuffer& buffer = *scout::detail::this_thread_buffer();
    const std::uint64_t just_enough = sizeof(scout::detail::Record) + scout::detail::name_record_size({"Custom", 6}, {"x", 1});
    buffer.granted -= buffer.spare - just_enough;
    buffer.spare = just_enough;
    { scout::ScopedSpan named{std::string("x")}; }
    CHECK(buffer.spare <= buffer.capacity());
  }
  counting = nullptr;
  CHECK(matches(recording, web("page").children(span("Custom/x"))));
}

TEST_CASE("spans that end after their transaction was sent are counted as late") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  auto* const transaction = new scout::WebTransaction{"short"};
  {
    scout::ScopedSpan outlives{"outlives"};
    delete transaction;
    CHECK(matches(recording, web("short")));
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
  CHECK(matches(recording, web("page").children(
                               span("Custom/first").children(span("Custom/second").children(span("Custom/below second"))))));
}

TEST_SUITE_END();
