#ifndef SCOUT_TESTS_LIFECYCLE_ACCOUNT_HPP
#define SCOUT_TESTS_LIFECYCLE_ACCOUNT_HPP

// What a program of the matrix prints of its ledger, for cell.py to hold against what arrived at the peer.

#include "../support/agent.hpp"

#include <cstdio>

inline void print_ledger(const char* name, const scout::Ledger& ledger) {
  std::printf("%s started=%llu delivered=%llu live=%llu", name, static_cast<unsigned long long>(ledger.started),
              static_cast<unsigned long long>(ledger.delivered), static_cast<unsigned long long>(ledger.live));
  for (std::size_t i = 0; i < scout::reason_count; ++i) {
    const auto reason = static_cast<scout::Reason>(i);
    if (ledger.dropped[reason] != 0) {
      std::printf(" %s=%llu", scout::reason_name(reason), static_cast<unsigned long long>(ledger.dropped[reason]));
    }
  }
  std::printf("%s\n", ledger.balanced() ? "" : " UNBALANCED");
}

// "transactions started=…", "spans started=…", and one line that must equal what the peer has.
inline void print_account() {
  const scout::Stats stats = scout::stats();
  print_ledger("transactions", stats.transactions);
  print_ledger("spans", stats.spans);
  std::printf("arrived transactions=%llu spans=%llu\n", static_cast<unsigned long long>(stats.transactions.delivered),
              static_cast<unsigned long long>(stats.spans.delivered));
  std::fflush(stdout);
}

#endif
