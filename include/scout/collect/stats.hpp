#ifndef SCOUT_COLLECT_STATS_HPP
#define SCOUT_COLLECT_STATS_HPP

// The account that scout::stats() gives.

#include <cstddef>
#include <cstdint>
#include <string>

#include "../core/ledger.hpp"

namespace scout::inline v0 {

// The account of the process: what scout::stats() returns.
struct Stats {
  Ledger transactions;             // requests and jobs
  Ledger spans;                    // beside the transactions' roots
  std::uint64_t redelivered = 0;   // transactions sent again after a reconnect, part of delivered
  std::uint64_t cut_tags = 0;      // values longer than 8 KiB, or than the room that was left
  std::uint64_t dropped_tags = 0;  // no room, too many, too long a key, too late, or too large a trace
  std::uint64_t interrupted = 0;   // calls from signal handlers that interrupted scout: not recorded
  bool connected = false;          // to the core agent, or as a DeferredSink says; false for other sinks
  std::string last_error;          // of the sink; empty: none
};

// "2 late, 1 buffer_full"; empty: none.
inline std::string reasons_text(const Drops& dropped) {
  std::string text;
  for (std::size_t i = 0; i < reason_count; ++i) {
    if (dropped.counts[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text.append(std::to_string(dropped.counts[i])).append(" ").append(reason_name(static_cast<Reason>(i)));
  }
  return text;
}

}  // namespace scout::inline v0

#endif
