#ifndef SCOUT_CORE_CONTEXT_WORD_HPP
#define SCOUT_CORE_CONTEXT_WORD_HPP

// Where a thread stands, in 64 bits passed by value: 0 | generation 19 | transaction slot 12 | span 16 | parent span 16.
// The word of a finished span is also the last word of its record, so a trace is rebuilt from ids alone.

#include <cstdint>

namespace scout::inline v0::detail {

inline constexpr std::uint32_t slot_count = 4096;
inline constexpr std::uint32_t last_span_id = 0xfffc;

inline constexpr std::uint32_t last_generation = (1u << 19) - 1;

// Words without a transaction: none is positive as a signed number, so one comparison tells them from the others.
inline constexpr std::uint64_t no_context = 0;
inline constexpr std::uint64_t busy_context = ~std::uint64_t{0};        // the thread is inside scout: a signal handler must keep out
inline constexpr std::uint64_t unattached_context = ~std::uint64_t{1};  // the thread has no buffer in this object yet

struct ContextWord {
  std::uint64_t bits = no_context;

  static constexpr std::uint16_t request_id = 0;      // as a span: the request itself, for its tags
  static constexpr std::uint16_t root_id = 1;         // the span that is the transaction
  // Where nothing more is recorded, instead of a span:
  static constexpr std::uint16_t leaf_id = 0xffff;      // in a leaf, and all that starts there
  static constexpr std::uint16_t ignoring_id = 0xfffe;  // in a span whose children are ignored
  static constexpr std::uint16_t hidden_id = 0xfffd;    // in such a child: a tag is nobody's

  static constexpr ContextWord root_of(std::uint32_t transaction) noexcept { return {(std::uint64_t{transaction} << 32) | (root_id << 16)}; }

  constexpr bool in_transaction() const noexcept { return static_cast<std::int64_t>(bits) > 0; }
  constexpr std::uint32_t transaction() const noexcept { return static_cast<std::uint32_t>(bits >> 32); }
  constexpr std::uint32_t slot() const noexcept { return transaction() & (slot_count - 1); }
  constexpr std::uint16_t span() const noexcept { return static_cast<std::uint16_t>(bits >> 16); }
  constexpr std::uint16_t parent() const noexcept { return static_cast<std::uint16_t>(bits); }

  constexpr ContextWord request() const noexcept { return {bits & 0xffff'ffff'0000'0000u}; }
  // The word of a span of the same transaction, without its parent; from one id to the next it grows by id_step.
  static constexpr std::uint64_t id_step = std::uint64_t{1} << 16;
  constexpr std::uint64_t orphan(std::uint32_t id) const noexcept { return request().bits | (id * id_step); }
  // The word of a span that starts here, from the one without its parent.
  constexpr ContextWord adopt(std::uint64_t orphan) const noexcept {
    return {orphan | static_cast<std::uint32_t>(bits) >> 16};
  }
  constexpr ContextWord child(std::uint32_t id) const noexcept { return adopt(orphan(id)); }

  // As the target of a tag, which has its order (Record) in place of the parent.
  constexpr ContextWord with_order(std::uint32_t order) const noexcept { return {bits >> 16 << 16 | (order & 0xffff)}; }
  constexpr std::uint16_t order() const noexcept { return parent(); }

  constexpr bool suppressed() const noexcept { return span() >= hidden_id; }
  constexpr bool hidden() const noexcept { return span() == hidden_id; }
  // The nearest span that is sent: below a leaf, the leaf.
  constexpr std::uint16_t nearest() const noexcept { return suppressed() ? parent() : span(); }
  constexpr ContextWord hide() const noexcept { return {orphan(hidden_id) | nearest()}; }
  // For the children of what starts here and is not recorded.
  constexpr ContextWord below_unrecorded() const noexcept { return span() == ignoring_id ? hide() : *this; }

  friend constexpr bool operator==(ContextWord, ContextWord) = default;
};

}  // namespace scout::inline v0::detail

#endif
