#ifndef SCOUT_TOOLS_LOCAL_AGENT_JSON_LINES_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_JSON_LINES_HPP

// What --json prints: one object a line, its "type" says what it is. Times are RFC 3339, durations nanoseconds; members that
// have nothing to say are left out only where a "?" is behind them.
//   listening    address
//   transaction  request_id endpoint start duration_ns error spans slow_spans dropped_spans reached_span_cap
//                n_plus_one: [{operation statement count total_ns}]
//   trace        the same and tags: {name: text}, error_stack?: [{file line function}], tree: [{id parent_id operation start
//                duration_ns own_ns depth error slow tags: {name: text} stack?: [{…}] error_stack?: [{…}]}]
//   endpoint     name count errors p50_ns p95_ns p99_ns total_ns slow_spans dropped_spans most_repeated kinds: {kind: own_ns}
//   process      source cpu_percent? memory_mib?
//   account      transactions: {received shown thrown_away ignored given_up open lines_skipped}, astray_commands, connections
//                messages refused bad_frames timed_out complaints: {text: count}
// received = shown + thrown_away; thrown away are traces that only the endpoints' sums still know.

#include <cstdint>
#include <string>
#include <string_view>

#include "session.hpp"

namespace scout::local_agent {

std::string listening_json(std::string_view address);
std::string transaction_json(const Trace& trace);
std::string trace_json(const Trace& trace);
std::string endpoints_json(const Store& store, std::string_view only = "");  // a line for each
// Processes and the account. `lines_skipped`: transaction lines that nobody read in time.
std::string account_json(const Desk& desk, std::uint64_t lines_skipped);

}  // namespace scout::local_agent

#endif
