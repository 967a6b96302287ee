#ifndef SCOUT_INSTRUMENT_TAGGING_HPP
#define SCOUT_INSTRUMENT_TAGGING_HPP

// Tags and dynamic names on their way into the thread's ring: a scalar or a short string with a literal key is one record,
// everything else a header record and the slots it needs. No allocation; what finds no room is counted (Stats::dropped_tags).

#include <cstdint>

#include "../core/tag.hpp"
#include "recording.hpp"

namespace scout::inline v0::detail {

inline bool drop_tag(ThreadBuffer& buffer) noexcept {
  add(buffer.dropped_tags);
  return false;
}

constexpr std::uint64_t slots_for(std::uint64_t size) noexcept {
  return (size + sizeof(Record) - 1) / sizeof(Record) * sizeof(Record);
}

// What of a text lies beyond the ring's end. Out of line: gcc 12 believes it to read beyond a literal otherwise.
[[gnu::cold, gnu::noinline]] inline void copy_to_begin(ThreadBuffer& buffer, Text rest) noexcept {
  __builtin_memcpy(buffer.ring(), rest.data, rest.size);
}

// Copies bytes to a position that may lie at the ring's end; returns the position behind them.
inline std::uint64_t copy_into_ring(ThreadBuffer& buffer, std::uint64_t position, Text text) noexcept {
  const std::uint64_t offset = position & buffer.mask;
  const std::uint64_t first = text.size < buffer.capacity() - offset ? text.size : buffer.capacity() - offset;
  if (first != 0) __builtin_memcpy(buffer.ring() + offset, text.data, first);
  if (text.size != first) [[unlikely]]
    copy_to_begin(buffer, {text.data + first, text.size - first});
  return position + text.size;
}

// Bytes of the name record for "<kind>/<name>".
inline std::uint64_t name_record_size(Text kind, Text name) noexcept {
  const std::uint64_t whole = kind.size + 1 + name.size;
  return sizeof(Record) + slots_for(whole < name_limit ? whole : name_limit);
}

// The number within its transaction of what other threads may say as well; and the target of a tag with it. An atomic addition.
inline std::uint32_t next_order(ThreadBuffer& buffer, ContextWord context) noexcept {
  TransactionSlot& slot = buffer.registry->transactions[context.slot()];
  return __atomic_add_fetch(&slot.last_order, 1u, __ATOMIC_RELAXED);
}
inline ContextWord in_order(ThreadBuffer& buffer, ContextWord target) noexcept {
  return target.with_order(next_order(buffer, target));
}

// Writes the name that a span starts with, or a later one, which has an order. Precondition: room for name_record_size(); the
// caller is in a busy section.
inline void put_name(ThreadBuffer& buffer, ContextWord context, Text kind, Text name, std::uint32_t order = 0) noexcept {
  const auto capped = [](std::uint64_t size, std::uint64_t room) { return size < room ? size : room; };
  const std::uint64_t kind_size = capped(kind.size, name_limit - 1);
  const std::uint64_t name_size = capped(name.size, name_limit - 1 - kind_size);
  const std::uint64_t head = load(buffer.head);
  const std::uint64_t cut = kind.size - kind_size + name.size - name_size;
  *buffer.slot(head) = {record_word(RecordKind::name, 0, static_cast<std::uint32_t>(kind_size + 1 + name_size)), order,
                        cut, context.bits};
  std::uint64_t position = copy_into_ring(buffer, head + sizeof(Record), {kind.data, kind_size});
  position = copy_into_ring(buffer, position, {"/", 1});
  copy_into_ring(buffer, position, {name.data, name_size});
  advance(buffer, sizeof(Record) + slots_for(kind_size + 1 + name_size));
}

// One record: a scalar, or up to 16 characters without NUL.
[[gnu::always_inline]] inline bool put_short_tag(ThreadBuffer& buffer, const Record& record) noexcept {
  BusySection busy(buffer);
  if (!has_room(buffer, sizeof(Record))) [[unlikely]]
    return drop_tag(buffer);
  append(buffer, record);
  return true;
}

template <Taggable T>
[[gnu::noinline]] bool put_long_tag(ThreadBuffer& buffer, ContextWord target, TagKey key, const T& value) {
  BusySection busy(buffer);
  const std::uint64_t key_size = key.is_literal() ? 0 : key.size();
  constexpr std::uint64_t smallest = 64;  // what remains of a long value when the ring is nearly full
  if (!has_room(buffer, sizeof(Record) + slots_for(key_size + value_limit)) &&
      !has_room(buffer, sizeof(Record) + slots_for(key_size + smallest))) {
    return drop_tag(buffer);
  }
  const std::uint64_t head = load(buffer.head);
  const std::uint64_t position = copy_into_ring(buffer, head + sizeof(Record), {key.data(), key_size});
  const std::uint64_t free = head + load(buffer.spare);
  const std::uint64_t end = free < position + value_limit ? free : position + value_limit;
  TagWriter writer(buffer.ring(), buffer.mask, position, end);
  writer.value(value);
  *buffer.slot(head) = {record_word(RecordKind::tag, static_cast<std::uint16_t>(key_size), writer.size()),
                        key.is_literal() ? record_word(RecordKind{}, key.data()) : 0, writer.cut_bytes(), target.bits};
  advance(buffer, sizeof(Record) + slots_for(key_size + writer.size()));
  return true;
}

// Writes a tag of a span, or of the request (target.request()); the target has an order, or 0 for none. False: not recorded, and
// counted.
template <Taggable T>
[[gnu::always_inline]] inline bool put_tag(ThreadBuffer& buffer, ContextWord target, TagKey key, const T& value) {
  if (key.size() == 0 || key.size() > key_limit) [[unlikely]]
    return drop_tag(buffer);
  if (key.is_literal()) {
    if constexpr (Scalar<T> && !HasToJson<T>) {
      const ScalarWords words = scalar_words(value);
      return put_short_tag(buffer, {record_word(words.kind, key.data()), words.a, 0, target.bits});
    } else if constexpr (TextLike<T> && !HasToJson<T>) {
      const Text text(value);
      if (text.size <= 16 && (text.size == 0 || __builtin_memchr(text.data, 0, text.size) == nullptr)) {
        Record record{record_word(RecordKind::tag_text, key.data()), 0, 0, target.bits};
        char bytes[16] = {};
        if (text.size != 0) __builtin_memcpy(bytes, text.data, text.size);
        __builtin_memcpy(&record.a, bytes, sizeof bytes);
        return put_short_tag(buffer, record);
      }
    }
  }
  return put_long_tag(buffer, target, key, value);
}

// Marks a span, or the request, as failed: the tag error = "true", as Scout's agents write it; and where the exception that is
// being handled was thrown, if the program keeps that (instrument/error_capture.hpp). False: not recorded.
inline bool put_error(ThreadBuffer& buffer, ContextWord target) noexcept {
  const auto thrown = buffer.registry == nullptr ? nullptr : load(buffer.registry->opt_ins.thrown);
  if (thrown != nullptr) {
    std::uint64_t frames[stack_limit];
    const std::uint32_t count = thrown(frames, stack_limit);
    BusySection busy(buffer);
    if (count != 0) put_frames(buffer, target, frames, count, "error_stack");
  }
  return put_tag(buffer, target, "error", "true");
}

// A tag of the transaction that the calling thread is in; any key, for integrations and internal tags.
template <Taggable T>
bool tag_request(TagKey key, const T& value) {
  const auto [buffer, context] = current_place();
  return context.in_transaction() && put_tag(*buffer, in_order(*buffer, context.request()), key, value);
}

// Starts a span on this thread whose name is copied.
[[gnu::noinline]] inline OpenSpan start_named_span(Text kind, Text name) noexcept {
  const auto [buffer, parent] = current_place();
  if (!parent.in_transaction()) return {};
  BusySection busy(*buffer);
  constexpr std::uint64_t word = record_word(RecordKind::span_named);
  admit_slowly(*buffer, parent, word, name_record_size(kind, name));
  const ThreadBuffer::Admission& admission = buffer->admission;
  if (!admission.context.in_transaction()) return {};
  if (!admission.context.suppressed()) put_name(*buffer, admission.context, kind, name);
  busy.leave_with(admission.context);
  return {admission.recorded ? nullptr : buffer, admission.context, parent, word, admission.start};
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0 {

// Tags the span that the calling thread is in; below a leaf, the leaf, but not what is not recorded there. False: not recorded.
template <Taggable T>
bool tag_span(TagKey key, const T& value) {
  const auto [buffer, context] = detail::current_place();
  return context.in_transaction() && !context.hidden() && detail::put_tag(*buffer, {context.orphan(context.nearest())}, key, value);
}

}  // namespace scout::inline v0

#endif
