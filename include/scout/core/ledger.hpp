#ifndef SCOUT_CORE_LEDGER_HPP
#define SCOUT_CORE_LEDGER_HPP

// The vocabulary of loss: every transaction and every span that starts is delivered, sampled out, ignored, dropped under
// one of these reasons, or still live. Each term is counted where it happens; none is computed from the others.

#include <cstddef>
#include <cstdint>

namespace scout::inline v0 {

// Why a transaction or a span is lost.
enum class Reason : std::uint8_t {
  ring_full,    // the thread's ring had no place when the span started
  span_cap,     // the transaction already had its most spans
  no_slot,      // too many transactions live at once
  no_memory,    // no buffer could be had for the thread
  no_thread,    // counted by nothing: flush() and the end of the process do the work of a thread that cannot be had
  unfinished,   // never ended: its thread ended first
  late,         // ended after its transaction had been sent
  buffer_full,  // the core agent was away or slow for too long; the oldest go first
  refused,      // the core agent or the sink did not accept it
  encode,       // could not be written as a message
  shutdown,     // still waiting when the time for the drain was over
  forked,       // open in the parent when this process was forked
};
// How many reasons there are.
inline constexpr std::size_t reason_count = 12;

// The enumerator's name, as text.
constexpr const char* reason_name(Reason reason) noexcept {
  constexpr const char* names[reason_count] = {"ring_full", "span_cap", "no_slot",     "no_memory", "no_thread", "unfinished",
                                               "late",      "buffer_full", "refused", "encode",    "shutdown",  "forked"};
  return names[static_cast<std::size_t>(reason)];
}

// Counts by reason.
struct Drops {
  std::uint64_t counts[reason_count] = {};  // in the order of Reason

  constexpr std::uint64_t& operator[](Reason reason) noexcept { return counts[static_cast<std::size_t>(reason)]; }
  constexpr std::uint64_t operator[](Reason reason) const noexcept { return counts[static_cast<std::size_t>(reason)]; }
  // All reasons together.
  constexpr std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (auto count : counts) sum += count;
    return sum;
  }
};

// The account of one kind of thing (transactions, or spans with the transactions' own root spans left out).
struct Ledger {
  // How many began; and of these, how many arrived, were not drawn, were not wanted, and have not ended or not
  // arrived yet.
  std::uint64_t started = 0, delivered = 0, sampled_out = 0, ignored = 0, live = 0;
  Drops dropped;  // how many were lost, and why

  // True at every quiescent moment.
  constexpr bool balanced() const noexcept { return started == delivered + sampled_out + ignored + dropped.total() + live; }
};

}  // namespace scout::inline v0

#endif
