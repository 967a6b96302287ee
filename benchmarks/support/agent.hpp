#ifndef SCOUT_BENCHMARKS_AGENT_HPP
#define SCOUT_BENCHMARKS_AGENT_HPP

// The agent of a benchmark, compiled once for all of them.

#include <scout/scout.hpp>

#include <string>

#include "suite.hpp"

namespace bench {

// Into a sink that keeps nothing, or to the core agent at an address. Ends the program when that cannot be done.
void install();
void install(const std::string& core_agent, int ring_size = 128 * 1024);
void install_without_monitoring();
void flush();
// Ends it; its account becomes counts of the suite.
void shutdown(Suite& suite);

// Of the background thread so far.
struct Usage {
  double cpu_time;                        // nanoseconds
  unsigned long long voluntary_switches;  // of context: it went to sleep
};
Usage collector_usage();

// While this lives the sink does not return, so the collector stands still with the next transaction that it completes.
class HeldCollector {
 public:
  HeldCollector();  // waits until it stands
  ~HeldCollector();
  HeldCollector(const HeldCollector&) = delete;
  HeldCollector& operator=(const HeldCollector&) = delete;
};

// Has the collector empty the rings, this thread's for certain: for Suite::between(). flush() would wait for an answer, which
// may wake this thread on another processor.
void pause_for_collector();

// Runs `work` below one transaction, with ids at hand.
template <class Work>
double in_transaction(Work work) {
  SCOUT_BACKGROUND_TRANSACTION("benchmark");
  SCOUT_INSTRUMENT("warm");
  return work();
}

template <class Body>
double block_in_transaction(int calls, Body body) {
  return in_transaction([&] { return block(calls, body); });
}

}  // namespace bench

#endif
