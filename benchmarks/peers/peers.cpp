// The same span with other tracers, in turns with ours and with the floor. bench.py has a session of LTTng active meanwhile.

#include "peers.hpp"

#include "../hot_path/floor.hpp"
#include "../support/agent.hpp"

namespace {

constexpr int calls = 1000;

FloorRing ring;

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("peers", count, arguments);
  bench::install();
  suite.between([] {
    clear_dd_opentracing();
    bench::pause_for_collector();
  });
  suite.row("floor", [] {
    ring.consume();
    return bench::block(calls, [] { floor_span(ring); });
  });
  suite.row("scout", [] { return bench::block_in_transaction(calls, [] { SCOUT_INSTRUMENT("span"); }); });
  suite.row("LTTng-UST, active session", [] { return lttng_block(calls); });
  suite.row("spdlog, asynchronous", [] { return spdlog_block(calls); });
  suite.row("dd-opentracing, nothing sent", [] { return dd_opentracing_block(calls); });
  suite.floor("floor");
  suite.run(50);
  bench::shutdown(suite);
  return suite.report();
}
