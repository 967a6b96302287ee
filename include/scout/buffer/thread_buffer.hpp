#ifndef SCOUT_BUFFER_THREAD_BUFFER_HPP
#define SCOUT_BUFFER_THREAD_BUFFER_HPP

// One thread's context and its ring of records. The thread is the only producer; the collector is the only consumer. The
// memory belongs to the registry, so that all objects of a process see one context, and lies on pages that a fork wipes: in
// a child every context is empty and every ring has size 0 and mask 0, where a span that is still open ends harmlessly.
//
// Places are given out when a span starts (`limit` shrinks), so that its end always finds one. While the producer is inside
// this file's functions the context word says busy, which keeps signal handlers on the same thread out.

#include <pthread.h>

#include "../core/context_word.hpp"
#include "../core/ledger.hpp"
#include "../core/record.hpp"

namespace scout::inline v0::detail {

template <class T>
[[gnu::always_inline]] inline T load(const T& from) noexcept {
  return __atomic_load_n(&from, __ATOMIC_RELAXED);
}
template <class T>
[[gnu::always_inline]] inline void store(T& to, T value) noexcept {
  __atomic_store_n(&to, value, __ATOMIC_RELAXED);
}
// For counters with one writer and a reader elsewhere.
template <class T>
[[gnu::always_inline]] inline void add(T& to, T value = 1) noexcept {
  store(to, static_cast<T>(load(to) + value));
}
// Orders what this thread does before and after it for a signal handler on the same thread.
[[gnu::always_inline]] inline void signal_fence() noexcept { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

struct Registry;

struct alignas(128) ThreadBuffer {
  constexpr ThreadBuffer() noexcept = default;
  constexpr explicit ThreadBuffer(std::uint64_t initial_context) noexcept : context(initial_context) {}

  // The producer's line. Positions are bytes since the ring began and never wrap.
  std::uint64_t context = no_context;
  std::uint64_t head = 0;     // release: what lies before it may be read
  std::uint64_t limit = 0;    // granted - places of open spans; head == limit: ask make_room()
  std::uint64_t mask = 0;     // ring size - 1
  std::uint32_t next_id = 0;  // the block of span ids at hand; it always belongs to the context's transaction
  std::uint32_t end_id = 0;
  std::uint32_t first_id = 0;
  std::uint32_t index = 0;  // in the registry
  std::uint64_t granted = 0;
  Registry* registry = nullptr;

  // Written by the producer, off its hot path.
  alignas(64) std::uint64_t issued_ids = 0;  // of earlier blocks; spans started = issued_ids + next_id - first_id + ...
  std::uint64_t opened_spans = 0;            // started explicitly
  std::uint64_t refused_spans = 0;           // started, but never current; the sum of `dropped`
  std::uint64_t ignored_spans = 0;           // started below a leaf
  std::uint64_t started_transactions = 0;
  std::uint64_t dropped_tags = 0;
  std::uint64_t interrupted = 0;  // calls from a signal handler that interrupted scout itself
  Drops dropped;
  Drops dropped_transactions;

  // Open transactions and spans of the static start() and stop().
  struct ExplicitFrame {
    std::uint64_t own, previous;
  };
  static constexpr std::uint32_t explicit_depth_limit = 32;  // deeper ones are counted, so that each stop meets its start
  std::uint32_t explicit_depth = 0;
  ExplicitFrame explicit_frames[explicit_depth_limit] = {};

  // The consumer's line.
  alignas(128) std::uint64_t tail = 0;
  std::uint32_t forked_open = 0;  // places held by spans that were open at the fork this process came from
  bool in_use = false;            // has an owner, as far as the collector knows
  alignas(128) pthread_mutex_t owner = {};  // robust, held by the thread while it lives

  [[gnu::always_inline]] char* ring() noexcept { return reinterpret_cast<char*>(this + 1); }
  [[gnu::always_inline]] Record* slot(std::uint64_t position) noexcept {
    return reinterpret_cast<Record*>(ring() + (position & mask));
  }
  std::uint64_t capacity() const noexcept { return load(mask) + 1; }
  // Places that open spans hold, in spans. Exact while the owner is not running.
  std::uint32_t open_places() const noexcept {
    return static_cast<std::uint32_t>((load(granted) - load(limit)) / sizeof(Record));
  }
  std::uint64_t started_spans() const noexcept {
    return load(issued_ids) + (load(next_id) - load(first_id)) + load(opened_spans) + load(refused_spans) + load(ignored_spans);
  }
};
static_assert(sizeof(ThreadBuffer) % 128 == 0);

// Keeps signal handlers out of a section that is not a hot path; remembers the context and puts it, or a new one, back.
class BusySection {
 public:
  explicit BusySection(ThreadBuffer& buffer) noexcept : buffer_(buffer), context_(load(buffer.context)) {
    store(buffer_.context, busy_context);
    signal_fence();
  }
  ~BusySection() {
    signal_fence();
    store(buffer_.context, context_);
  }
  BusySection(const BusySection&) = delete;
  BusySection& operator=(const BusySection&) = delete;

  ContextWord context() const noexcept { return {context_}; }
  void leave_with(ContextWord context) noexcept { context_ = context.bits; }

 private:
  ThreadBuffer& buffer_;
  std::uint64_t context_;
};

// Puts a record into the place that the caller holds. Four scalar stores: a compiler that gathers the words in a vector
// register first goes through the stack and waits for it.
[[gnu::always_inline]] inline void put(ThreadBuffer& buffer, const Record& record) noexcept {
  const std::uint64_t head = load(buffer.head);
  Record& slot = *buffer.slot(head);
  store(slot.word, record.word);
  store(slot.a, record.a);
  store(slot.b, record.b);
  store(slot.context, record.context);
  __atomic_store_n(&buffer.head, head + sizeof(Record), __ATOMIC_RELEASE);  // pairs with the collector's acquire
}

// Grants what the collector has freed: half of the ring first, so that the collector is asked for help in time.
// Returns whether `size` bytes are free now, and sets `pressed` when more than half of the ring is taken.
inline bool make_room(ThreadBuffer& buffer, std::uint64_t size, bool& pressed) noexcept {
  const std::uint64_t reserved = load(buffer.granted) - load(buffer.limit);
  const std::uint64_t tail = __atomic_load_n(&buffer.tail, __ATOMIC_ACQUIRE);  // pairs with the collector's release
  const std::uint64_t wanted = load(buffer.head) + reserved + size;
  const std::uint64_t half = tail + buffer.capacity() / 2;
  pressed = wanted > half;
  store(buffer.granted, pressed ? tail + buffer.capacity() : half);
  store(buffer.limit, load(buffer.granted) - reserved);
  return wanted <= load(buffer.granted);
}

}  // namespace scout::inline v0::detail

#endif
