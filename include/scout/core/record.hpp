#ifndef SCOUT_CORE_RECORD_HPP
#define SCOUT_CORE_RECORD_HPP

// What an application thread writes: slots of 32 bytes. The first word holds the kind in its top byte and a pointer to a
// literal or sizes below it; the last word says which span of which transaction the slot belongs to.
//
//   kind                 low 56 bits           a                    b               context
//   span                 operation literal     start ticks          stop ticks      the span's own
//   span_of_function     __func__              start ticks          stop ticks      the span's own
//   span_named           0                     start ticks          stop ticks      the span's own (its name came before)
//   opened               operation literal     start                its clock       the span's own
//   opened_named         0                     start                its clock       the span's own
//   opened_of_function   __func__              start                its clock       the span's own
//   closed               hash of a statement   its clock            stop            the span's own
//   name                 sizes                 order                cut bytes       the span's own; text in the next slots
//   tag                  sizes                 key literal or 0     cut bytes       span or request; text in the next slots
//   tag_<scalar>         key literal           value, 8 or 16 bytes                 span or request
//   allocations          0                     count                bytes           the span's own, of its thread so far
//   stack                sizes                 key literal or 0     0               span or request; addresses in the next slots
//
// Order: what may be said again on any thread is numbered within its transaction, as the rings are not read in the order of their
// writing; 0: only its own ring says. That of a tag stands in its context, where that of a span has the parent.
// Sizes: key 16 bits, value 32 bits. The slots that follow hold the key, where it is no literal, and the value.
// A stack's addresses are 8 bytes each, those of calls, innermost first.

#include <cstdint>

namespace scout::inline v0::detail {

enum class RecordKind : std::uint8_t {
  span,
  span_of_function,
  span_named,
  opened,
  opened_named,
  opened_of_function,
  closed,
  added_steady,  // in nanoseconds of the steady clock; without a literal its name came before
  added_wall,    // of the system clock
  name,
  stack,
  allocations,
  tag,
  tag_null,
  tag_false,
  tag_true,
  tag_signed,
  tag_unsigned,
  tag_real,
  tag_text,  // up to 16 bytes, NUL-padded
};

// Of a time in a record: ticks of the process's clock, or nanoseconds of one of the system's.
enum class RecordClock : std::uint64_t { ticks, steady, wall };

struct Instant {
  RecordClock clock = RecordClock::ticks;
  std::uint64_t time = 0;
};

struct Record {
  std::uint64_t word;
  std::uint64_t a, b;
  std::uint64_t context;

  static constexpr std::uint64_t low_bits = (std::uint64_t{1} << 56) - 1;

  // Its span is known from here on.
  constexpr bool starts_a_span() const noexcept { return kind() < RecordKind::name && kind() != RecordKind::closed; }
  constexpr bool has_payload() const noexcept {
    return kind() == RecordKind::name || kind() == RecordKind::stack || kind() == RecordKind::tag;
  }
  constexpr RecordKind kind() const noexcept { return static_cast<RecordKind>(word >> 56); }
  const char* literal() const noexcept { return reinterpret_cast<const char*>(word & low_bits); }
  constexpr std::uint32_t value_size() const noexcept { return static_cast<std::uint32_t>(word); }
  constexpr std::uint16_t key_size() const noexcept { return static_cast<std::uint16_t>(word >> 32); }
};
static_assert(sizeof(Record) == 32);

constexpr std::uint64_t record_word(RecordKind kind, std::uint64_t low = 0) noexcept {
  return (static_cast<std::uint64_t>(kind) << 56) | low;
}
inline std::uint64_t record_word(RecordKind kind, const char* literal) noexcept {
  return record_word(kind, std::uint64_t{reinterpret_cast<std::uintptr_t>(literal)});
}
constexpr std::uint64_t record_word(RecordKind kind, std::uint16_t key_size, std::uint32_t value_size) noexcept {
  return record_word(kind, (std::uint64_t{key_size} << 32) | value_size);
}

}  // namespace scout::inline v0::detail

#endif
