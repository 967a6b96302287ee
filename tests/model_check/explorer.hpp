#ifndef SCOUT_MODEL_CHECK_EXPLORER_HPP
#define SCOUT_MODEL_CHECK_EXPLORER_HPP

// A model checker for the code as it ships. A scenario is compiled with the compiler's instrumentation for its thread
// sanitizer: every access to memory, plain or atomic with its order, becomes a call. Instead of the sanitizer the explorer
// answers these calls. It runs the scenario's threads as fibers of one thread, again and again, until every order of their
// atomic operations and locks has been seen, and every value that C++'s memory model, as far as said below, has a load see.
//
// Watched is what mmap() gave: the registry, the rings. Of it
//  - an atomic load sees any store that its thread does not know to be overwritten; acquire and release carry knowledge,
//    relaxed does not; a release sequence goes on through read-modify-writes only (C++20);
//  - two accesses of which one is plain and one writes are a violation when nothing orders them;
//  - stores to one place take effect in the order in which they are executed, and a load never sees a store that comes
//    later: with both, reorderings of hardware and compiler that need them (2+2W, load buffering) are not explored;
//  - a weak compare-exchange fails only where a strong one does;
//  - fences and sequentially consistent accesses are refused, scout has none; a process-wide barrier is a call here.
// Orders that differ only in operations on different places, or in loads, count once (sleep sets).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace model {

// What one exploration found.
struct Outcome {
  std::uint64_t executions = 0;  // different ones
  std::uint64_t repeated = 0;    // begun, and found to be one of these
  std::string violation;         // and what led to it; empty: none
};

// `set_up` runs before the threads of each execution, `judge` after the last has ended; both know all that went before.
// Memory from mmap() is put back after each execution.
struct Scenario {
  std::function<void()> set_up;
  std::vector<std::function<void()>> threads;  // at most 4
  std::function<void()> judge;
  // A signal handler, which interrupts the first thread once or not at all, before any of its accesses to watched memory, plain
  // or atomic. Never within one: what is copied at once is not torn.
  std::function<void()> handler = {};
};
Outcome explore(const Scenario& scenario);

// In a scenario: ends the exploration with a violation unless `holds`.
void require(bool holds, const char* what);

// A word that is each thread's own: it is exchanged with the fibers.
void set_thread_local_word(void* word);

// As membarrier(): what any thread has done before is known to all threads after.
void process_wide_barrier();

// Time for the scenario: one tick a call.
std::uint64_t ticks();

}  // namespace model

#endif
