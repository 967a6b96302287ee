#ifndef SCOUT_INSTRUMENT_RECORDING_HPP
#define SCOUT_INSTRUMENT_RECORDING_HPP

// How a span that belongs to one thread starts and ends: the hot path. Two reads of the clock, one record of 32 bytes, and
// as little as possible around them; no allocation, no lock, no system call. What is rare stands in functions out of line.

#include "../buffer/registry_lookup.hpp"
#include "../buffer/span_ids.hpp"
#include "../core/clock.hpp"
#include "backtrace.hpp"
#include "n_plus_one.hpp"

namespace scout::inline v0::detail {

// What the context becomes when it moves from one word to another; keeps the block of ids with its transaction.
inline ContextWord moved_context(ThreadBuffer& buffer, ContextWord from, ContextWord to) noexcept {
  if (from.transaction() != to.transaction() && from.in_transaction()) return_ids(buffer, from);
  return to;
}

// Where the program counts allocations (instrument/allocations.hpp): at a span's start and at its end.
inline void note_allocations(ThreadBuffer& buffer, ContextWord context) noexcept {
  const auto allocations = __atomic_load_n(&buffer.registry->opt_ins.allocations, __ATOMIC_ACQUIRE);
  if (allocations == nullptr) return;
  if (!has_room(buffer, sizeof(Record))) return add(buffer.dropped_tags);
  AllocationCounts counts;
  allocations(counts);
  append(buffer, {record_word(RecordKind::allocations), counts.count, counts.bytes, context.bits});
}

inline void refuse_span(ThreadBuffer& buffer, TransactionSlot* slot, Reason reason) noexcept {
  add(buffer.refused_spans);
  add(buffer.dropped[reason]);
  if (slot != nullptr) __atomic_fetch_add(&slot->refused_spans, 1u, __ATOMIC_RELAXED);
}

// A context without transaction: false when there is nothing to record, true when the buffer is worth another look.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline bool attach_or_count(ThreadBuffer& buffer,
                                                                                    std::uint64_t context) noexcept {
  if (context == busy_context) {
    add(buffer.interrupted);
    return false;
  }
  return context == unattached_context && load(attach_thread().context) != unattached_context;
}

// The thread's buffer and context; attaches the thread to a buffer at its first use. Without a context it is over in one jump:
// asked the other way round, a program pays twice the time for what is not recorded.
struct Place {
  ThreadBuffer* buffer;
  ContextWord context;
};
[[gnu::always_inline]] inline Place current_place() noexcept {
  for (;;) {
    ThreadBuffer* const buffer = this_thread_buffer();
    const ContextWord context{load(buffer->context)};
    if (context.bits == no_context || context.in_transaction()) return {buffer, context};
    if (!attach_or_count(*buffer, context.bits)) return {buffer, {}};
  }
}

// A span that has started. The context is empty when it is refused, and hidden where nothing is recorded; the buffer is null then,
// and when its start is a record in the ring already (a slow clock must be called, so the end is out of line as well).
struct OpenSpan {
  ThreadBuffer* buffer = nullptr;
  ContextWord context, previous;
  std::uint64_t word = 0, start = 0;
  bool keeps_stack = true;  // when it turns out to be slow
  std::uint32_t statement = 0;  // its hash; of a span without buffer

  bool is_recorded() const noexcept { return context.in_transaction() && !context.suppressed(); }
};

// The record of a start that is written at once, for the word of a span.
inline Record opened_record(std::uint64_t word, std::uint64_t start, ContextWord context) noexcept {
  const auto kind = static_cast<RecordKind>(word >> 56);
  const RecordKind opened = kind == RecordKind::span_named         ? RecordKind::opened_named
                            : kind == RecordKind::span_of_function ? RecordKind::opened_of_function
                                                                   : RecordKind::opened;
  return {record_word(opened, word & Record::low_bits), start, 0, context.bits};
}

// Everything that the fast path does not do: more ids, more room, refusals, the slow clock. Holds a place for the end, or
// writes the start as a record where the clock is slow or allocations are counted. `before` bytes are asked for beside it.
// Called in a busy section; what comes of it stands in the buffer, which is returned, so that a caller need not keep anything
// over the call.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline ThreadBuffer& admit_slowly(ThreadBuffer& buffer, ContextWord parent,
                                                                                          std::uint64_t word,
                                                                                          std::uint64_t before) noexcept {
  ThreadBuffer::Admission& admission = buffer.admission;
  admission = {{}, parent, word, 0, false};
  Registry& registry = *buffer.registry;
  if (parent.suppressed()) {
    add(buffer.ignored_spans);
    if (parent.span() != ContextWord::leaf_id) admission = {parent.hide(), parent, word, 0, true};
    return buffer;
  }
  const auto refused = [&](TransactionSlot* slot, Reason reason) -> ThreadBuffer& {
    refuse_span(buffer, slot, reason);
    return buffer;
  };
  TransactionSlot* const slot = registry.transactions.find(parent);
  if (slot == nullptr) return refused(nullptr, Reason::late);
  const bool recorded = has_slow_clock(registry) || load(registry.opt_ins.allocations) != nullptr;
  const std::uint64_t records = recorded ? 2 : 1;  // with its allocations
  if (!has_room(buffer, before + records * sizeof(Record))) return refused(slot, Reason::ring_full);
  if (buffer.next_id() == load(buffer.end_id)) {
    const IdRange ids = claim_ids(*slot, recorded ? 1 : next_block(*slot, buffer), registry.settings.span_cap);
    if (ids.count == 0) return refused(slot, Reason::span_cap);
    use_ids(buffer, parent, ids);
  }
  withdraw_promises(buffer);
  const std::uint64_t orphan = load(buffer.next_span);
  admission.context = parent.adopt(orphan);
  store(buffer.next_span, orphan + ContextWord::id_step);
  store(buffer.end_span, orphan + ContextWord::id_step);
  admission.recorded = recorded;
  if (recorded) {
    admission.start = current_ticks(registry);
    append(buffer, opened_record(word, admission.start, admission.context));
    note_allocations(buffer, admission.context);
    return buffer;
  }
  store(buffer.spare, load(buffer.spare) - sizeof(Record));
  promise_places(buffer, before);
  admission.start = read_ticks();
  return buffer;
}

[[gnu::always_inline]] inline OpenSpan start_span(std::uint64_t word) noexcept {
  OpenSpan span;  // the one object that is returned: a compiler keeps it in registers
  const auto [buffer, parent] = current_place();
  if (!parent.in_transaction()) return span;
  store(buffer->context, busy_context);
  signal_fence();
  const std::uint64_t orphan = load(buffer->next_span);
  if (orphan == load(buffer->end_span)) [[unlikely]] {
    ThreadBuffer& asked = admit_slowly(*buffer, parent, word, 0);
    const ThreadBuffer::Admission& admission = asked.admission;
    const bool refused = !admission.context.in_transaction();
    span.context = admission.context;
    span.previous = admission.previous;
    span.word = admission.word;
    span.start = admission.start;
    span.buffer = refused || admission.recorded ? nullptr : &asked;
    signal_fence();
    store(asked.context, refused ? span.previous.bits : span.context.bits);
    return span;
  }
  span.buffer = buffer;
  span.word = word;
  span.previous = parent;
  span.context = parent.adopt(orphan);
  store(buffer->next_span, orphan + ContextWord::id_step);
  signal_fence();
  store(buffer->context, span.context.bits);
  span.start = read_ticks();
  return span;
}

// Writes the end of a span whose start is a record; without room for it the span is closed with its transaction's end.
[[gnu::always_inline]] inline void put_end(ThreadBuffer& buffer, ContextWord context, std::uint64_t start, bool keeps_stack,
                                           std::uint32_t skipped_frames, Instant stop = {},
                                           std::uint32_t statement = 0) noexcept {
  const std::uint64_t now = current_ticks(*buffer.registry);
  if (stop.clock == RecordClock::ticks) stop.time = now;
  const bool repeated = statement != 0 && note_statement(buffer, context, statement, now - start);
  if (repeated || (keeps_stack && now - start > load(buffer.slow_ticks))) put_stack(buffer, context, skipped_frames);
  note_allocations(buffer, context);
  if (!has_room(buffer, sizeof(Record))) return;
  append(buffer, {record_word(RecordKind::closed, statement), static_cast<std::uint64_t>(stop.clock), stop.time, context.bits});
}

[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void end_slowly(ContextWord context, ContextWord previous,
                                                                               std::uint64_t start, bool keeps_stack,
                                                                               std::uint32_t statement) noexcept {
  ThreadBuffer& buffer = *this_thread_buffer();
  if (buffer.registry == nullptr) return;
  BusySection busy(buffer);
  if (!context.suppressed()) put_end(buffer, context, start, keeps_stack, 2, {}, statement);
  if (busy.context() == context) busy.leave_with(previous);
}

// A span of a thread that runs a statement: its start becomes a record in the place that it holds, and its end is out of line.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void set_statement(OpenSpan& span, Text text) noexcept {
  ThreadBuffer& buffer = *this_thread_buffer();
  if (!span.is_recorded() || buffer.registry == nullptr) return;
  span.statement = statement_hash(*buffer.registry, text);
  if (span.buffer == nullptr) return;
  BusySection busy(buffer);
  put(buffer, opened_record(span.word, span.start, span.context));
  span.buffer = nullptr;
}

[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void keep_stack(ThreadBuffer& buffer, ContextWord context) noexcept {
  BusySection busy(buffer);
  put_stack(buffer, context, 2);
}

// Always succeeds: the place was taken at the start. Without a buffer the span is not recorded, or its start is a record.
[[gnu::always_inline]] inline void end_span(const OpenSpan& span) noexcept {
  if (span.buffer == nullptr) [[unlikely]] {
    if (!span.context.in_transaction()) return;
    end_slowly(span.context, span.previous, span.start, span.keeps_stack, span.statement);
    stay_on_stack();
    return;
  }
  const std::uint64_t stop = read_ticks();
  ThreadBuffer& buffer = *span.buffer;
  const std::uint64_t current = load(buffer.context);
  store(buffer.context, busy_context);
  signal_fence();
  put(buffer, {span.word, span.start, stop, span.context.bits});
  signal_fence();
  store(buffer.context, current == span.context.bits ? span.previous.bits : current);  // ended out of order: leave it alone
  if (stop - span.start > load(buffer.slow_ticks) && span.keeps_stack) [[unlikely]] {
    keep_stack(buffer, span.context);
    stay_on_stack();
  }
}

}  // namespace scout::inline v0::detail

#endif
