// Included several times by LTTng's own headers, so the guard is theirs.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER scout_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "lttng_events.hpp"

#if !defined(SCOUT_BENCHMARKS_LTTNG_EVENTS_HPP) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#  define SCOUT_BENCHMARKS_LTTNG_EVENTS_HPP

#  include <lttng/tracepoint.h>

// clang-format off
LTTNG_UST_TRACEPOINT_EVENT(scout_bench, begin, LTTNG_UST_TP_ARGS(const char*, name), LTTNG_UST_TP_FIELDS(lttng_ust_field_string(name, name)))
LTTNG_UST_TRACEPOINT_EVENT(scout_bench, end, LTTNG_UST_TP_ARGS(), LTTNG_UST_TP_FIELDS())
// clang-format on

#endif

#include <lttng/tracepoint-event.h>
