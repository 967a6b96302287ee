#ifndef SCOUT_SINK_SINK_HPP
#define SCOUT_SINK_SINK_HPP

// Where finished traces go. Any type with these three members is a sink; the collector's thread is the only caller, so a
// sink needs no lock of its own. It may block (the ring buffers absorb it for a while), must not throw, and must not call
// flush(), stats() or shutdown().

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>

#include "../core/expected.hpp"
#include "../core/ledger.hpp"
#include "application_event.hpp"
#include "trace.hpp"

namespace scout::inline v0 {

// When a flush has to be over.
using Deadline = std::chrono::steady_clock::time_point;

// What install() takes: the three members below.
template <class S>
concept Sink = requires(S& sink, const Trace& trace, const ApplicationEvent& event, Deadline deadline) {
  // Success: delivered. An error: dropped, under the reason that drop_reason() finds for it.
  { sink.write(trace) } -> std::same_as<Expected<void>>;
  { sink.write(event) } -> std::same_as<Expected<void>>;
  // Returns when all that was written is settled, or at the deadline (then with ErrorCode::timed_out).
  { sink.flush(deadline) } -> std::same_as<Expected<void>>;
};

// The reason under which a trace is counted whose write failed with that error.
constexpr Reason drop_reason(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::buffer_full: return Reason::buffer_full;
    case ErrorCode::encode: return Reason::encode;
    default: return Reason::refused;
  }
}

// What became of traces that a sink accepted earlier; each trace is reported exactly once.
// Spans are counted without the root, as in the ledger.
struct Settlement {
  // How many arrived, and how many were lost, why.
  std::uint64_t delivered_transactions = 0, delivered_spans = 0;
  Drops dropped_transactions, dropped_spans;
  std::uint64_t dropped_tags = 0;              // of traces that were too large with them
  std::uint64_t redelivered_transactions = 0;  // sent a second time after a reconnect; part of delivered once answered
  // A part of what was written is on its way, and the rest waits for the next service(), which should come soon.
  bool sends_on = false;

  // One transaction with so many spans arrived, or was lost.
  void deliver(std::uint64_t spans) noexcept {
    delivered_transactions += 1;
    delivered_spans += spans;
  }
  void drop(Reason reason, std::uint64_t spans) noexcept {
    dropped_transactions[reason] += 1;
    dropped_spans[reason] += spans;
  }
};

// What scout::stats() says of a sink.
struct SinkStatus {
  bool connected = false;  // to whom it sends
  std::string last_error;  // empty: none so far
};

// A sink that learns the outcome later: a successful write means accepted, not delivered.
template <class S>
concept DeferredSink = Sink<S> && requires(S& sink, Settlement& settlement, const S& constant) {
  // Moves input and output on without blocking and adds what was settled since the last call. True: more is outstanding.
  { sink.service(settlement) } -> std::same_as<bool>;
  // Gives up everything outstanding under `reason`; the end of shutdown() and of the process.
  { sink.abandon(Reason::shutdown, settlement) } -> std::same_as<void>;
  { constant.status() } -> std::same_as<SinkStatus>;
};

}  // namespace scout::inline v0

#endif
