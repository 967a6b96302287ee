// What a transaction costs beside its spans: one with ten spans, a whole web request with its tags and ten spans, in turns with
// eleven spans below a transaction that is open already, while the collector drains.

#include "../support/agent.hpp"
#include "web_request.hpp"

namespace {

constexpr int calls = 50;

void spans(int count) {
  for (int i = 0; i < count; ++i) {
    SCOUT_INSTRUMENT("load");
    asm volatile("" ::: "memory");
  }
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("transaction", count, arguments);
  bench::install();
  suite.between(bench::pause_for_collector);
  suite.row("11 spans", [] { return bench::block_in_transaction(calls, [] { spans(11); }); });
  suite.row("transaction with 10 spans", [] {
    return bench::block(calls, [] {
      SCOUT_WEB_TRANSACTION("users/show");
      spans(10);
    });
  });
  suite.row("web request with 10 spans", [] { return bench::block(calls, [] { serve_request("users/show"); }); });
  suite.floor("11 spans");
  const auto in_spans = [&](const char* what, const char* row, bench::Goal goal) {
    suite.figure(what, "spans", goal,
                 [row](const bench::Round& round) { return 11 * round.median(row) / round.median("11 spans"); });
  };
  in_spans("a transaction with 10 spans", "transaction with 10 spans", bench::at_most(15));
  in_spans("a web request with 10 spans", "web request with 10 spans", bench::no_goal);
  suite.run(400);
  bench::shutdown(suite);
  return suite.report();
}
