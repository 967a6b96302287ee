#ifndef SCOUT_BUFFER_TRANSACTION_SLOTS_HPP
#define SCOUT_BUFFER_TRANSACTION_SLOTS_HPP

// The live transactions of a process, in fixed slots. An application thread takes a slot and may finish it from any thread;
// the collector alone frees it. The generation tells a slot's transactions apart, so a late record is known as such.
// No member has an initialiser: the memory comes zeroed, and most of it is never touched.

#include <cstdint>

#include "../core/context_word.hpp"
#include "thread_buffer.hpp"

namespace scout::inline v0::detail {

struct alignas(128) TransactionSlot {
  enum Phase : std::uint32_t { free, starting, live, finished };
  // ignored: whatever the configuration says. path_ignored: by its key `ignore`. named: the operation came as a name record.
  enum Flag : std::uint32_t { ignored = 1, named = 2, path_ignored = 4 };

  std::uint32_t generation;     // 19 bits, never 0 while the slot is taken
  std::uint32_t phase;          // release with live and finished; live: live_phase()
  std::uint32_t flags;
  std::uint32_t next_id;        // the first span id not yet given out
  std::uint32_t claimed;        // ids given out and not returned: the count that the cap is about
  std::uint32_t refused_spans;  // that were started and never became current
  std::uint32_t last_order;     // of a tag or name (Record)
  std::uint64_t operation;      // as the word of a span's record
  std::uint64_t start, stop;    // ticks
  std::uint64_t incarnation;    // transactions this slot has held: with the slot's index, a transaction's number

  // The trace of another process that the transaction belongs to (web/trace_propagation.hpp).
  std::uint32_t traced_incarnation;  // of the transaction it was kept for, the low bits; release
  std::uint32_t trace_flags;
  std::uint64_t trace_high, trace_low;
  std::uint32_t trace_state_size;

  // A live transaction's phase has the generation above it: who is late to end it must not end the slot's next one.
  static constexpr std::uint32_t live_phase(ContextWord context) noexcept {
    return context.transaction() / slot_count * (finished + 1) + live;
  }
  static constexpr bool is_live(std::uint32_t phase) noexcept { return phase % (finished + 1) == live; }
};

class TransactionSlots {
 public:
  // Takes a free slot, near `hint` so that threads seldom meet; nullptr when all are taken. Any thread, lock-free.
  TransactionSlot* acquire(std::uint32_t hint) noexcept {
    for (std::uint32_t step = 0; step < word_count; ++step) {
      const std::uint32_t word = (hint + step) % word_count;
      std::uint64_t taken = __atomic_load_n(&taken_[word], __ATOMIC_RELAXED);
      while (~taken != 0) {
        const auto bit = static_cast<std::uint32_t>(__builtin_ctzll(~taken));
        const std::uint64_t mine = std::uint64_t{1} << bit;
        taken = __atomic_fetch_or(&taken_[word], mine, __ATOMIC_ACQUIRE);  // pairs with release()
        if ((taken & mine) == 0) {
          TransactionSlot& slot = slots_[word * 64 + bit];
          if (slot.generation == 0) store(slot.generation, 1u);
          return &slot;
        }
        taken |= mine;
      }
    }
    return nullptr;
  }

  // Collector, or an owner that never went live.
  void release(TransactionSlot& slot) noexcept {
    const std::uint32_t index = this->index(slot);
    store(slot.generation, (slot.generation + 1) & last_generation);
    store<std::uint32_t>(slot.phase, TransactionSlot::free);
    __atomic_fetch_and(&taken_[index / 64], ~(std::uint64_t{1} << (index % 64)), __ATOMIC_RELEASE);
  }

  template <class Visit>
  void each_taken(Visit visit) {
    for (std::uint32_t word = 0; word < word_count; ++word) {
      for (std::uint64_t taken = __atomic_load_n(&taken_[word], __ATOMIC_ACQUIRE); taken != 0; taken &= taken - 1) {
        visit(slots_[word * 64 + static_cast<std::uint32_t>(__builtin_ctzll(taken))]);
      }
    }
  }

  bool any_taken() const noexcept {
    for (const std::uint64_t& word : taken_) {
      if (__atomic_load_n(&word, __ATOMIC_RELAXED) != 0) return true;
    }
    return false;
  }

  // Collector: how many of the taken slots it cannot free yet.
  void set_live(std::uint32_t count) noexcept {
    if (load(live_) != count) store(live_, count);
  }
  // Whether more than half of the slots that the collector has left, or could have freed, is taken. Any thread, some 100 ns.
  [[gnu::noinline]] bool crowded() const noexcept {
    std::uint32_t taken = 0;
    for (const std::uint64_t& word : taken_) taken += static_cast<std::uint32_t>(__builtin_popcountll(load(word)));
    const std::uint32_t live = load(live_);
    return 2 * taken > slot_count + live;
  }

  std::uint32_t index(const TransactionSlot& slot) const noexcept { return static_cast<std::uint32_t>(&slot - slots_); }
  TransactionSlot& operator[](std::uint32_t index) noexcept { return slots_[index]; }

  // The part of a context word that names the slot's present transaction.
  std::uint32_t transaction(const TransactionSlot& slot) const noexcept {
    return (load(slot.generation) << 12) | index(slot);
  }
  // Unique in this process.
  std::uint64_t number(const TransactionSlot& slot) const noexcept { return (load(slot.incarnation) << 12) | index(slot); }

  // The live slot of a context, or nullptr when its transaction is over.
  TransactionSlot* find(ContextWord context) noexcept {
    TransactionSlot& slot = slots_[context.slot()];
    return __atomic_load_n(&slot.phase, __ATOMIC_ACQUIRE) == TransactionSlot::live_phase(context) ? &slot : nullptr;
  }

  // After a fork, in the child: frees everything. Returns how many were live.
  std::uint64_t reset() noexcept {
    std::uint64_t count = 0;
    each_taken([&](TransactionSlot& slot) {
      count += TransactionSlot::is_live(slot.phase);
      release(slot);
    });
    set_live(0);
    return count;
  }

 private:
  static constexpr std::uint32_t word_count = slot_count / 64;

  alignas(128) std::uint64_t taken_[word_count];
  std::uint32_t live_;  // at the collector's last look
  TransactionSlot slots_[slot_count];
};

}  // namespace scout::inline v0::detail

#endif
