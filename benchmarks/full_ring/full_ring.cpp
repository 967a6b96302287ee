// What a span costs that is refused, because its thread's ring is full: the collector stands still meanwhile. Beside it a span
// that is admitted, and the floor.

#include "../hot_path/floor.hpp"
#include "../support/agent.hpp"

namespace {

constexpr int calls = 1000;

FloorRing ring;
std::uint64_t refused = 0, expected = 0;

std::uint64_t refused_so_far() { return scout::detail::load(scout::detail::this_thread_buffer()->refused_spans); }

// What is refused never leaves the ring, so a block needs no pause; only the first has to fill it.
double refused_block() {
  const bench::HeldCollector held;
  SCOUT_BACKGROUND_TRANSACTION("benchmark");
  for (const std::uint64_t before = refused_so_far(); refused_so_far() == before;) {
    SCOUT_INSTRUMENT("fills the ring");
  }
  const std::uint64_t before = refused_so_far();
  const double nanoseconds = bench::block(calls, [] { SCOUT_INSTRUMENT("refused"); });
  refused += refused_so_far() - before;
  expected += calls;
  return nanoseconds;
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("full_ring", count, arguments);
  bench::install();
  suite.between(bench::flush);
  suite.row("floor", [] {
    ring.consume();
    return bench::block(calls, [] { floor_span(ring); });
  });
  suite.row("span", [] { return bench::block_in_transaction(calls, [] { SCOUT_INSTRUMENT("span"); }); });
  suite.row("refused span", refused_block);
  suite.floor("floor");
  suite.run(50);
  suite.count("refused in blocks", refused);
  suite.count("of", expected);
  bench::shutdown(suite);
  return suite.report();
}
