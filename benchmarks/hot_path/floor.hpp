#ifndef SCOUT_BENCHMARKS_FLOOR_HPP
#define SCOUT_BENCHMARKS_FLOOR_HPP

// The floor: the least that any tracer of this kind does for a span. Two reads of the counter, one record of 32 bytes in a
// ring, one release store of its head. No context, no ids, no check for room: consume() begins anew.

#include <scout/core/clock.hpp>

#include <cstdint>

struct FloorRing {
  void consume() noexcept { head = words; }

  alignas(128) std::uint64_t* head = words;
  alignas(128) std::uint64_t words[16 * 1024];
};

template <class Body>
[[gnu::always_inline]] inline void floor_span(FloorRing& ring, Body body) noexcept {
  const std::uint64_t start = scout::detail::read_ticks();
  body();
  const std::uint64_t stop = scout::detail::read_ticks();
  std::uint64_t* const slot = ring.head;
  __atomic_store_n(slot, std::uint64_t{1}, __ATOMIC_RELAXED);
  __atomic_store_n(slot + 1, start, __ATOMIC_RELAXED);
  __atomic_store_n(slot + 2, stop, __ATOMIC_RELAXED);
  __atomic_store_n(slot + 3, std::uint64_t{2}, __ATOMIC_RELAXED);
  __atomic_store_n(&ring.head, slot + 4, __ATOMIC_RELEASE);
}

[[gnu::always_inline]] inline void floor_span(FloorRing& ring) noexcept {
  floor_span(ring, [] { asm volatile("" ::: "memory"); });
}

#endif
