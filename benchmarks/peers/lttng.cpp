#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_events.hpp"

#include "../support/suite.hpp"
#include "peers.hpp"

double lttng_block(int calls) {
  return bench::block(calls, [] {
    lttng_ust_tracepoint(scout_bench, begin, "span");
    asm volatile("" ::: "memory");
    lttng_ust_tracepoint(scout_bench, end);
  });
}
