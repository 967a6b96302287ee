#ifndef SCOUT_CORE_CONTEXT_WORD_HPP
#define SCOUT_CORE_CONTEXT_WORD_HPP

// Where a thread stands, in 64 bits passed by value: generation 20 | transaction slot 12 | parent span 16 | span 16.
// The word of a finished span is also the last word of its record, so a trace is rebuilt from ids alone.

#include <cstdint>

namespace scout::inline v0::detail {

inline constexpr std::uint32_t slot_count = 4096;
inline constexpr std::uint32_t last_span_id = 0xfffe;

// Words without a transaction.
inline constexpr std::uint64_t no_context = 0;
inline constexpr std::uint64_t busy_context = 1;        // the thread is inside scout: a signal handler must keep out
inline constexpr std::uint64_t unattached_context = 2;  // the thread has no buffer in this object yet

struct ContextWord {
  std::uint64_t bits = no_context;

  static constexpr std::uint16_t request_id = 0;      // as a span: the request itself, for its tags
  static constexpr std::uint16_t root_id = 1;         // the span that is the transaction
  static constexpr std::uint16_t suppressed_id = 0xffff;  // below a leaf: nothing more is recorded

  static constexpr ContextWord root_of(std::uint32_t transaction) noexcept { return {(std::uint64_t{transaction} << 32) | root_id}; }

  constexpr bool in_transaction() const noexcept { return bits >> 32 != 0; }
  constexpr std::uint32_t transaction() const noexcept { return static_cast<std::uint32_t>(bits >> 32); }
  constexpr std::uint32_t slot() const noexcept { return transaction() & (slot_count - 1); }
  constexpr std::uint16_t span() const noexcept { return static_cast<std::uint16_t>(bits); }
  constexpr std::uint16_t parent() const noexcept { return static_cast<std::uint16_t>(bits >> 16); }

  // The word of a span that starts here.
  constexpr ContextWord child(std::uint32_t id) const noexcept {
    return {(bits & 0xffff'ffff'0000'0000u) | static_cast<std::uint32_t>(bits << 16) | id};
  }
  constexpr ContextWord request() const noexcept { return {bits & 0xffff'ffff'0000'0000u}; }

  constexpr bool suppressed() const noexcept { return span() == suppressed_id; }
  // The nearest span that is sent: below a leaf, the leaf.
  constexpr std::uint16_t nearest() const noexcept { return suppressed() ? parent() : span(); }

  friend constexpr bool operator==(ContextWord, ContextWord) = default;
};

}  // namespace scout::inline v0::detail

#endif
