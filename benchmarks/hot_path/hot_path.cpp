// What one span costs an application thread, beside the floor: two reads of the processor's counter and one store of a 32-byte
// record; and what it adds to some 200 ns of work inside it. The collector drains meanwhile.

#include "../support/agent.hpp"
#include "floor.hpp"

namespace {

constexpr int calls = 1000;

FloorRing ring;

template <class Body>
double floor_block(Body body) {
  ring.consume();
  return bench::block(calls, body);
}

// The ring becomes half full in it: whoever fills it wakes the collector then. In other blocks it does not.
double woken_block() {
  constexpr int before = 1400;  // of the 1,500 that a transaction may have
  (void)bench::block_in_transaction(before, [] { SCOUT_INSTRUMENT("span"); });
  return bench::block_in_transaction(calls, [] { SCOUT_INSTRUMENT("span"); });
}

// A chain of multiplications, each of which waits for the one before: nothing of a span can hide behind it. Without a loop,
// whose speed would be a matter of where it lies.
[[gnu::always_inline]] inline void work() {
  static std::uint64_t value = 1;
  std::uint64_t x = value;
  asm volatile(".rept 240\n\timul $3, %0, %0\n\t.endr" : "+r"(x));
  value = x;
}

void around_nothing(bench::Suite& suite) {
  suite.row("empty loop", [] { return bench::block(calls, [] {}); });
  suite.row("floor", [] { return floor_block([] { floor_span(ring); }); });
  suite.row("span", [] { return bench::block_in_transaction(calls, [] { SCOUT_INSTRUMENT("span"); }); });
  suite.row("span, the collector woken", woken_block);
  suite.row("span + integer tag", [] {
    return bench::block_in_transaction(calls, [] {
      SCOUT_INSTRUMENT("span");
      SCOUT_TAG("rows", 17);
    });
  });
  suite.row("span + 16-byte tag", [] {
    return bench::block_in_transaction(calls, [] {
      SCOUT_INSTRUMENT("span");
      SCOUT_TAG("text", "sixteen letters!");
    });
  });
  suite.row("movable span", [] {
    return bench::block_in_transaction(calls, [] { scout::Span span(scout::Operation{"Custom/span"}); });
  });
  suite.floor("floor");
  using bench::Round;
  suite.figure("a span", "x floor", bench::at_most(1.05),
               [](const Round& round) { return round.median("span") / round.median("floor"); });
  suite.figure("a span, 99th percentiles of blocks", "x floor", bench::at_most(1.3),
               [](const Round& round) { return round.tail("span") / round.tail("floor"); });
  suite.figure("an integer tag more", "ns", bench::at_most(4),
               [](const Round& round) { return round.median("span + integer tag") - round.median("span"); });
  suite.figure("a 16-byte tag more", "ns", bench::at_most(8),
               [](const Round& round) { return round.median("span + 16-byte tag") - round.median("span"); });
  suite.figure("a movable span", "x floor", bench::no_goal,
               [](const Round& round) { return round.median("movable span") / round.median("floor"); });
  suite.figure("waking the collector, once in 2,048 records", "us", bench::no_goal, [](const Round& round) {
    return (round.median("span, the collector woken") - round.median("span")) * calls / 1e3;
  });
}

void around_work(bench::Suite& suite) {
  suite.row("work", [] { return bench::block(calls, work); });
  suite.row("two counter reads around work", [] {
    return bench::block(calls, [] {
      asm volatile("" : : "r"(scout::detail::read_ticks()));
      work();
      asm volatile("" : : "r"(scout::detail::read_ticks()));
    });
  });
  suite.row("floor around work", [] { return floor_block([] { floor_span(ring, work); }); });
  suite.row("span around work", [] {
    return bench::block_in_transaction(calls, [] {
      SCOUT_INSTRUMENT("span");
      work();
    });
  });
  const auto added = [&](const char* what, const char* row, bench::Goal goal) {
    suite.figure(what, "ns", goal, [row](const bench::Round& round) { return round.median(row) - round.median("work"); });
  };
  added("two counter reads add to work", "two counter reads around work", bench::no_goal);
  added("the floor adds to work", "floor around work", bench::no_goal);
  added("a span adds to work", "span around work", bench::at_most(13));
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("hot_path", count, arguments);
  bench::install();
  suite.between(bench::pause_for_collector);
  around_nothing(suite);
  around_work(suite);
  suite.run(200);
  bench::shutdown(suite);
  return suite.report();
}
