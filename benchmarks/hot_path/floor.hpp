#ifndef SCOUT_BENCHMARKS_FLOOR_HPP
#define SCOUT_BENCHMARKS_FLOOR_HPP

// The floor: the least that any tracer of this kind does for a span. Two reads of the counter, one record of 32 bytes in a
// ring, one release store of its head. No context, no ids, no check for room.

#include <scout/core/clock.hpp>

#include <cstdint>

struct FloorRing {
  static constexpr std::uint64_t size = 128 * 1024;

  void consume() noexcept { head &= size - 1; }

  alignas(128) std::uint64_t head = 0;
  alignas(128) char bytes[size];
};

[[gnu::always_inline]] inline void floor_span(FloorRing& ring) noexcept {
  const std::uint64_t start = scout::detail::read_ticks();
  asm volatile("" ::: "memory");
  const std::uint64_t stop = scout::detail::read_ticks();
  const std::uint64_t head = ring.head;
  auto* const slot = reinterpret_cast<std::uint64_t*>(ring.bytes + (head & (FloorRing::size - 1)));
  __atomic_store_n(slot, std::uint64_t{1}, __ATOMIC_RELAXED);
  __atomic_store_n(slot + 1, start, __ATOMIC_RELAXED);
  __atomic_store_n(slot + 2, stop, __ATOMIC_RELAXED);
  __atomic_store_n(slot + 3, head, __ATOMIC_RELAXED);
  __atomic_store_n(&ring.head, head + 32, __ATOMIC_RELEASE);
}

#endif
