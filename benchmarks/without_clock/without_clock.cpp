// What a span costs beside reading the clock: this program and the shared object are compiled with a counter that stands still
// (tests/instructions/constant_clock.hpp).

#include "../support/agent.hpp"
#include "../support/object.hpp"

namespace {

constexpr int calls = 1000;

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("without_clock", count, arguments);
  bench::install();
  suite.between(bench::pause_for_collector);
  suite.row("empty loop", [] { return bench::block(calls, [] {}); });
  suite.row("span", [] { return bench::block_in_transaction(calls, [] { SCOUT_INSTRUMENT("span"); }); });
  suite.row("span, object",
            [] { return bench::in_transaction([] { return bench::timed(calls, [] { spans_in_object(calls); }); }); });
  suite.figure("in a program", "ns", bench::at_most(4), [](const bench::Round& round) { return round.median("span"); });
  suite.figure("in an object", "ns", bench::at_most(5.5), [](const bench::Round& round) { return round.median("span, object"); });
  suite.run(200);
  bench::shutdown(suite);
  return suite.report();
}
