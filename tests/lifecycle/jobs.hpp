#ifndef SCOUT_TESTS_LIFECYCLE_JOBS_HPP
#define SCOUT_TESTS_LIFECYCLE_JOBS_HPP

// What most programs of the matrix record: "Job/<name>{Custom/work}".

#include "../support/agent.hpp"

#include "cases.hpp"

inline constexpr std::chrono::seconds patience{50};

inline void job(const char* name) {
  scout::BackgroundTransaction transaction{name};
  SCOUT_INSTRUMENT("work");
}

// In a forked child: one transaction, which is all that it has to account for beside what was open in the parent.
inline void record_in_child() {
  job("child");
  REQUIRE(scout::flush(patience));
  const scout::Stats stats = scout::stats();
  REQUIRE(stats.transactions.delivered == 1 && stats.spans.delivered == 1);
  REQUIRE(stats.transactions.balanced() && stats.spans.balanced());
}

#endif
