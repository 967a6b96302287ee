#ifndef SCOUT_BUFFER_THREAD_BUFFER_HPP
#define SCOUT_BUFFER_THREAD_BUFFER_HPP

// One thread's context and its ring of records. The thread is the only producer; the collector is the only consumer. The
// memory belongs to the registry, so that all objects of a process see one context, and lies on pages that a fork wipes: in
// a child every context is empty and every ring has size 0 and mask 0, where a span that is still open ends harmlessly.
//
// A span takes its place when it starts, so that its end always finds one. Places for spans come with their ids: as long as
// next_span has not reached end_span there are both. Everything else that is written takes its bytes from `spare`. So that
//
//   granted == head + places of open spans + places for the ids up to end_span + spare
//
// While the producer is inside this file's functions the context word says busy, which keeps signal handlers on the same
// thread out.

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
  std::uint64_t head = 0;       // release: what lies before it may be read
  std::uint64_t next_span = 0;  // the context word of the next span, without its parent; always of the context's transaction
  std::uint64_t end_span = 0;   // next_span == end_span: ask admit_slowly()
  std::uint64_t spare = 0;      // bytes
  std::uint64_t mask = 0;       // ring size - 1
  std::uint64_t slow_ticks = ~std::uint64_t{0};  // a span that lasts longer keeps its stack
  Registry* registry = nullptr;

  // Written by the producer, off its hot path.
  alignas(64) std::uint64_t granted = 0;
  std::uint32_t first_id = 0;  // the block of span ids at hand
  std::uint32_t end_id = 0;
  std::uint32_t index = 0;     // in the registry
  // What admit_slowly() found; to be read before the busy section ends.
  struct Admission {
    ContextWord context, previous;  // context: empty when refused
    std::uint64_t word, start;
    bool recorded;  // the start is a record, or nothing is
  };
  Admission admission = {};
  std::uint64_t issued_ids = 0;  // of earlier blocks; spans started = issued_ids + next_id() - first_id + ...
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
  static constexpr std::uint32_t explicit_depth_limit = 128;  // deeper ones are refused, so that each stop meets its start
  std::uint32_t explicit_depth = 0;
  ExplicitFrame explicit_frames[explicit_depth_limit] = {};

  // Statements that this thread runs in its transaction (instrument/n_plus_one.hpp); 0: a free place.
  struct Repetition {
    static constexpr std::uint32_t reported = ~std::uint32_t{0};
    std::uint32_t statement, count;
    std::uint64_t ticks;
  };
  std::uint32_t repeating_transaction = 0;
  Repetition repetitions[16] = {};

  // The consumer's line.
  alignas(128) std::uint64_t tail = 0;
  std::uint32_t forked_open = 0;  // places held by spans that were open at the fork this process came from
  bool in_use = false;            // has an owner, as far as the collector knows
  alignas(128) pthread_mutex_t owner = {};  // robust, held by the thread while it lives

  // How far ahead of the head lines are asked for, in bytes. The mapping ends no earlier.
  static constexpr std::size_t lookahead = 2048;

  [[gnu::always_inline]] char* ring() noexcept { return reinterpret_cast<char*>(this + 1); }
  [[gnu::always_inline]] Record* slot(std::uint64_t position) noexcept {
    return reinterpret_cast<Record*>(ring() + (position & mask));
  }
  std::uint64_t capacity() const noexcept { return load(mask) + 1; }
  std::uint32_t next_id() const noexcept { return ContextWord{load(next_span)}.span(); }
  // Bytes that the spans up to end_span will take.
  std::uint64_t promised() const noexcept { return (load(end_span) - load(next_span)) / ContextWord::id_step * sizeof(Record); }
  // Places that open spans hold, in spans. Exact while the owner is not running.
  std::uint32_t open_places() const noexcept {
    const auto held = static_cast<std::int64_t>(load(granted) - load(head) - load(spare) - promised());
    return held < 0 ? 0 : static_cast<std::uint32_t>(held / static_cast<std::int64_t>(sizeof(Record)));
  }
  std::uint64_t started_spans() const noexcept {
    return load(issued_ids) + (next_id() - load(first_id)) + load(opened_spans) + load(refused_spans) + load(ignored_spans);
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

// Publishes what was written into spare room.
inline void advance(ThreadBuffer& buffer, std::uint64_t size) noexcept {
  store(buffer.spare, load(buffer.spare) - size);
  __atomic_store_n(&buffer.head, load(buffer.head) + size, __ATOMIC_RELEASE);  // pairs with the collector's acquire
}

// Asks for a cache line to be this processor's alone, without waiting for it. Harmless wherever that leads.
[[gnu::always_inline]] inline void prepare_to_write(const char* place) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*place));  // the builtin asks for reading it only
#else
  __builtin_prefetch(place, 1);
#endif
}

// Puts a record into the place that the caller holds. What comes next in the ring is in the cache of the collector, which has read
// it: asked for ahead, its lines come back many at a time. Four scalar stores: a compiler that gathers the words in a vector
// register first goes through the stack and waits for it.
[[gnu::always_inline]] inline void put(ThreadBuffer& buffer, const Record& record) noexcept {
  const std::uint64_t head = load(buffer.head);
  Record& slot = *buffer.slot(head);
  prepare_to_write(reinterpret_cast<const char*>(&slot) + ThreadBuffer::lookahead);
  store(slot.word, record.word);
  store(slot.a, record.a);
  store(slot.b, record.b);
  store(slot.context, record.context);
  __atomic_store_n(&buffer.head, head + sizeof(Record), __ATOMIC_RELEASE);  // pairs with the collector's acquire
}

// The same into spare room.
[[gnu::always_inline]] inline void append(ThreadBuffer& buffer, const Record& record) noexcept {
  store(buffer.spare, load(buffer.spare) - sizeof(Record));
  put(buffer, record);
}

// Has the next spans start without asking, as long as there are ids at hand and places beside the `kept` bytes.
inline void promise_places(ThreadBuffer& buffer, std::uint64_t kept) noexcept {
  const std::uint64_t places = (load(buffer.spare) - kept) / sizeof(Record);
  const std::uint64_t ids = load(buffer.end_id) - buffer.next_id();
  const std::uint64_t count = ids < places ? ids : places;
  store(buffer.spare, load(buffer.spare) - count * sizeof(Record));
  store(buffer.end_span, load(buffer.end_span) + count * ContextWord::id_step);
}

// Makes the places that were promised to spans spare again: the next one has to ask.
inline void withdraw_promises(ThreadBuffer& buffer) noexcept {
  store(buffer.spare, load(buffer.spare) + buffer.promised());
  store(buffer.end_span, load(buffer.next_span));
}

// Grants what the collector has freed: half of the ring first, so that the collector is asked for help in time.
// Returns whether `size` bytes are free now, and sets `pressed` when more than half of the ring is taken.
inline bool make_room(ThreadBuffer& buffer, std::uint64_t size, bool& pressed) noexcept {
  const std::uint64_t reserved = load(buffer.granted) - load(buffer.head) - load(buffer.spare);
  const std::uint64_t tail = __atomic_load_n(&buffer.tail, __ATOMIC_ACQUIRE);  // pairs with the collector's release
  const std::uint64_t wanted = load(buffer.head) + reserved + size;
  const std::uint64_t half = tail + buffer.capacity() / 2;
  pressed = wanted > half;
  store(buffer.granted, pressed ? tail + buffer.capacity() : half);
  store(buffer.spare, load(buffer.granted) - load(buffer.head) - reserved);
  return wanted <= load(buffer.granted);
}

}  // namespace scout::inline v0::detail

#endif
