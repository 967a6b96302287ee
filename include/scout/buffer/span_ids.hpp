#ifndef SCOUT_BUFFER_SPAN_IDS_HPP
#define SCOUT_BUFFER_SPAN_IDS_HPP

// Span ids of a transaction: 16 bits, given to threads in blocks, so that starting a span needs no atomic operation. What a
// thread does not use it gives back, so that the cap counts spans and not blocks.

#include "registry.hpp"

namespace scout::inline v0::detail {

// Takes up to `count` span ids from a transaction; 0: it has all the spans it may have.
struct IdRange {
  std::uint32_t first, count;
};
inline IdRange claim_ids(TransactionSlot& slot, std::uint32_t count, std::uint32_t cap) noexcept {
  const std::uint32_t claimed = __atomic_fetch_add(&slot.claimed, count, __ATOMIC_RELAXED);
  const std::uint32_t granted = claimed >= cap ? 0 : cap - claimed < count ? cap - claimed : count;
  if (granted < count) __atomic_fetch_sub(&slot.claimed, count - granted, __ATOMIC_RELAXED);
  if (granted == 0) return {0, 0};
  const std::uint32_t first = __atomic_fetch_add(&slot.next_id, granted, __ATOMIC_RELAXED);
  if (first + granted <= last_span_id) return {first, granted};
  __atomic_fetch_sub(&slot.claimed, granted, __ATOMIC_RELAXED);
  __atomic_fetch_sub(&slot.next_id, granted, __ATOMIC_RELAXED);
  return {0, 0};
}

// How many ids a thread takes next: the first one to take any, usually the one that began the transaction, a whole block;
// others twice as many each time, so that hundreds of threads can have a part in one transaction.
inline std::uint32_t next_block(const TransactionSlot& slot, const ThreadBuffer& buffer) noexcept {
  constexpr std::uint32_t first_block = 2;
  if (load(slot.claimed) == 0) return id_block;
  const std::uint32_t next = 2 * (load(buffer.end_id) - load(buffer.first_id));
  return next < first_block ? first_block : next < id_block ? next : id_block;
}

// Has a thread go on with these ids of a transaction.
inline void use_ids(ThreadBuffer& buffer, ContextWord context, IdRange ids) noexcept {
  add(buffer.issued_ids, std::uint64_t{buffer.next_id() - load(buffer.first_id)});
  store(buffer.first_id, ids.first);
  store(buffer.end_id, ids.first + ids.count);
  store(buffer.next_span, context.orphan(ids.first));
  store(buffer.end_span, context.orphan(ids.first));
}

// Gives the rest of a thread's block back: the thread turns to another transaction, or is gone.
inline void return_ids(ThreadBuffer& buffer, ContextWord context) noexcept {
  const std::uint32_t next = buffer.next_id();
  const std::uint32_t unused = load(buffer.end_id) - next;
  add(buffer.issued_ids, std::uint64_t{next - load(buffer.first_id)});
  if (unused != 0) {
    if (TransactionSlot* const slot = buffer.registry->transactions.find(context)) {
      __atomic_fetch_sub(&slot->claimed, unused, __ATOMIC_RELAXED);
      std::uint32_t expected = load(buffer.end_id);
      __atomic_compare_exchange_n(&slot->next_id, &expected, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
  }
  withdraw_promises(buffer);
  store(buffer.first_id, 0u);
  store(buffer.end_id, 0u);
  store(buffer.next_span, std::uint64_t{0});
  store(buffer.end_span, std::uint64_t{0});
}

}  // namespace scout::inline v0::detail

#endif
