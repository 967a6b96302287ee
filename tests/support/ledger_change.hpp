#ifndef SCOUT_TESTS_SUPPORT_LEDGER_CHANGE_HPP
#define SCOUT_TESTS_SUPPORT_LEDGER_CHANGE_HPP

// The account of one test: what changed in the process's ledger since the object was made, and whether it balances.

#include <scout/agent.hpp>
#include <scout/testing/recording.hpp>

#include <doctest/doctest.h>

class LedgerChange {
 public:
  LedgerChange() : before_(scout::stats()) {}
  ~LedgerChange() {
    const scout::Stats now = scout::stats();
    CHECK(now.transactions.balanced());
    CHECK(now.spans.balanced());
  }
  LedgerChange(const LedgerChange&) = delete;
  LedgerChange& operator=(const LedgerChange&) = delete;

  scout::Ledger transactions() const { return scout::detail::change(before_, scout::stats()).transactions; }
  scout::Ledger spans() const { return scout::detail::change(before_, scout::stats()).spans; }
  std::uint64_t dropped_tags() const { return scout::stats().dropped_tags - before_.dropped_tags; }
  std::uint64_t cut_tags() const { return scout::stats().cut_tags - before_.cut_tags; }
  std::uint64_t interrupted() const { return scout::stats().interrupted - before_.interrupted; }

 private:
  scout::Stats before_;
};

#endif
