#ifndef SCOUT_INSTRUMENT_RECORDING_HPP
#define SCOUT_INSTRUMENT_RECORDING_HPP

// How a span that belongs to one thread starts and ends: the hot path. Two reads of the clock, one record of 32 bytes, and
// as little as possible around them; no allocation, no lock, no system call. What is rare stands in functions out of line.

#include "../buffer/registry_lookup.hpp"
#include "../buffer/span_ids.hpp"
#include "../core/clock.hpp"

namespace scout::inline v0::detail {

// What the context becomes when it moves from one word to another; keeps the block of ids with its transaction.
inline ContextWord moved_context(ThreadBuffer& buffer, ContextWord from, ContextWord to) noexcept {
  if (from.transaction() != to.transaction() && from.in_transaction()) return_ids(buffer, from);
  return to;
}

inline void refuse_span(ThreadBuffer& buffer, TransactionSlot* slot, Reason reason) noexcept {
  add(buffer.refused_spans);
  add(buffer.dropped[reason]);
  if (slot != nullptr) __atomic_fetch_add(&slot->refused_spans, 1u, __ATOMIC_RELAXED);
}

// Whether `size` bytes are free; asks the collector for help when the ring is half full.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline bool find_room(ThreadBuffer& buffer, std::uint64_t size) noexcept {
  bool pressed = false;
  const bool found = make_room(buffer, size, pressed);
  if (pressed) press_collector(*buffer.registry);
  return found;
}
[[gnu::always_inline]] inline bool has_room(ThreadBuffer& buffer, std::uint64_t size) noexcept {
  return load(buffer.head) + size <= load(buffer.limit) || find_room(buffer, size);
}

inline bool has_slow_clock(const Registry& registry) noexcept { return stored_state(registry) == Recording::slow_clock; }

// The clock that the process uses, outside the hot path.
inline std::uint64_t current_ticks(Registry& registry) noexcept {
  AgentHooks* const hooks = __atomic_load_n(&registry.hooks, __ATOMIC_ACQUIRE);
  return hooks != nullptr && has_slow_clock(registry) ? hooks->now(*hooks) : read_ticks();
}

// A context without transaction: false when there is nothing to record, true when the buffer is worth another look.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline bool attach_or_count(ThreadBuffer& buffer, std::uint64_t context) noexcept {
  if (context == busy_context) {
    add(buffer.interrupted);
    return false;
  }
  return context == unattached_context && load(attach_thread().context) != unattached_context;
}

// The thread's buffer and context; attaches the thread to a buffer at its first use.
struct Place {
  ThreadBuffer* buffer;
  ContextWord context;
};
[[gnu::always_inline]] inline Place current_place() noexcept {
  for (;;) {
    ThreadBuffer* const buffer = thread_buffer;
    const ContextWord context{load(buffer->context)};
    if (context.in_transaction() || context.bits == no_context) return {buffer, context};
    if (!attach_or_count(*buffer, context.bits)) return {buffer, {}};
  }
}

// A span that has started. The context is empty when it is not recorded; the buffer is null when its start is a record in
// the ring already (a slow clock must be called, so the end is out of line as well).
struct OpenSpan {
  ThreadBuffer* buffer = nullptr;
  ContextWord context, previous;
  std::uint64_t word = 0, start = 0;
};

// Everything that the fast path does not do: more ids, more room, refusals, the slow clock. Holds a place for the end, or
// writes the start as a record where the clock is slow. `before` bytes are asked for beside it. Called in a busy section; the context of the result is empty when refused.
struct Admission {
  ThreadBuffer* buffer;
  ContextWord context;
};
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline Admission admit_slowly(ThreadBuffer& buffer, ContextWord parent,
                                                                                     std::uint64_t word, std::uint64_t before) noexcept {
  Registry& registry = *buffer.registry;
  if (parent.suppressed()) {
    add(buffer.ignored_spans);
    return {&buffer, {}};
  }
  const auto refused = [&](TransactionSlot* slot, Reason reason) {
    refuse_span(buffer, slot, reason);
    return Admission{&buffer, {}};
  };
  TransactionSlot* const slot = registry.slots.find(parent);
  if (slot == nullptr) return refused(nullptr, Reason::late);
  const bool slow = has_slow_clock(registry);
  if (!has_room(buffer, before + sizeof(Record))) return refused(slot, Reason::ring_full);
  if (load(buffer.next_id) == load(buffer.end_id)) {
    const IdRange ids = claim_ids(*slot, slow ? 1 : id_block, registry.settings.span_cap);
    if (ids.count == 0) return refused(slot, Reason::span_cap);
    add(buffer.issued_ids, std::uint64_t{load(buffer.next_id) - load(buffer.first_id)});
    store(buffer.first_id, ids.first);
    store(buffer.end_id, ids.first + ids.count);
    store(buffer.next_id, ids.first);
  }
  const ContextWord context = parent.child(load(buffer.next_id));
  add(buffer.next_id, 1u);
  if (!slow) {
    store(buffer.limit, load(buffer.limit) - sizeof(Record));
    return {&buffer, context};
  }
  const RecordKind kind = static_cast<RecordKind>(word >> 56) == RecordKind::span_named ? RecordKind::opened_named : RecordKind::opened;
  put(buffer, {record_word(kind, word & Record::low_bits), current_ticks(registry), 0, context.bits});
  return {nullptr, context};
}

[[gnu::always_inline]] inline OpenSpan start_span(std::uint64_t word) noexcept {
  const auto [buffer, parent] = current_place();
  if (!parent.in_transaction()) return {};
  store(buffer->context, busy_context);
  signal_fence();
  OpenSpan span{buffer, {}, parent, word, 0};
  const std::uint32_t id = load(buffer->next_id);
  const std::uint64_t limit = load(buffer->limit);
  if (id == load(buffer->end_id) || load(buffer->head) >= limit) [[unlikely]] {
    const Admission admission = admit_slowly(*buffer, parent, word, 0);
    span.buffer = admission.buffer;
    span.context = admission.context;
    signal_fence();
    store(buffer->context, admission.context.in_transaction() ? admission.context.bits : parent.bits);
    if (!admission.context.in_transaction()) return {};
  } else {
    span.context = parent.child(id);
    store(buffer->next_id, id + 1);
    store<std::uint64_t>(buffer->limit, limit - sizeof(Record));
    signal_fence();
    store(buffer->context, span.context.bits);
  }
  span.start = read_ticks();
  return span;
}

// Writes the end of a span whose start is a record; without room for it the span is closed with its transaction's end.
inline void put_end(ThreadBuffer& buffer, ContextWord context) noexcept {
  if (has_room(buffer, sizeof(Record))) {
    put(buffer, {record_word(RecordKind::closed), 0, current_ticks(*buffer.registry), context.bits});
  }
}

[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void end_slowly(ContextWord context, ContextWord previous) noexcept {
  ThreadBuffer& buffer = *thread_buffer;
  if (buffer.registry == nullptr) return;
  BusySection busy(buffer);
  put_end(buffer, context);
  if (busy.context() == context) busy.leave_with(previous);
}

// Precondition: span.context is not empty. Always succeeds: the place was taken at the start.
[[gnu::always_inline]] inline void end_span(const OpenSpan& span) noexcept {
  if (span.buffer == nullptr) [[unlikely]] return end_slowly(span.context, span.previous);
  const std::uint64_t stop = read_ticks();
  ThreadBuffer& buffer = *span.buffer;
  const std::uint64_t current = load(buffer.context);
  store(buffer.context, busy_context);
  signal_fence();
  put(buffer, {span.word, span.start, stop, span.context.bits});
  store(buffer.limit, load(buffer.limit) + sizeof(Record));
  signal_fence();
  store(buffer.context, current == span.context.bits ? span.previous.bits : current);  // ended out of order: leave it alone
}

}  // namespace scout::inline v0::detail

#endif
