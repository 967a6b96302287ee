#ifndef SCOUT_COLLECT_STATS_HPP
#define SCOUT_COLLECT_STATS_HPP

// The account that scout::stats() gives.

#include <cstdint>
#include <string>

#include "../core/ledger.hpp"

namespace scout::inline v0 {

struct Stats {
  Ledger transactions;
  Ledger spans;                  // beside the transactions' roots
  std::uint64_t redelivered = 0;   // transactions sent again after a reconnect, part of delivered
  std::uint64_t cut_tags = 0;      // values longer than 8 KiB, or than the room that was left
  std::uint64_t dropped_tags = 0;  // no room, too many, too long a key, or too late
  std::uint64_t interrupted = 0;   // calls from signal handlers that interrupted scout: not recorded
  bool connected = false;          // to the core agent; false for other sinks
  std::string last_error;          // of the sink; empty: none
};

}  // namespace scout::inline v0

#endif
