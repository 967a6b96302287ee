#ifndef SCOUT_AGENT_CLOCK_SOURCE_HPP
#define SCOUT_AGENT_CLOCK_SOURCE_HPP

// Which clock the process records with: the processor's counter where it runs at one rate in all states of power, else
// CLOCK_MONOTONIC, or the clock that a test supplies.

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#  include <cpuid.h>
#endif

#include "../buffer/registry.hpp"
#include "../collect/timeline.hpp"

namespace scout::inline v0::detail {

// Nanoseconds from somewhere; `to_wall` more make it wall time.
struct SlowClock {
  std::uint64_t (*read)(void* clock) noexcept;
  void* clock;
  std::int64_t to_wall;
};

struct ClockSource {
  Recording recording;
  SlowClock slow;
  Timeline timeline;
};

inline bool counter_is_steady() noexcept {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned invariant_tsc = 1u << 8;
  return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) != 0 && (edx & invariant_tsc) != 0;
#else
  return true;
#endif
}

inline ClockSource slow_source(SlowClock slow) noexcept { return {Recording::slow_clock, slow, Timeline(slow.to_wall)}; }

inline ClockSource system_source() noexcept {
  if (counter_is_steady()) return {Recording::on, {}, Timeline()};
  const Anchor now = Anchor::now();
  const auto read = [](void*) noexcept {
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count());
  };
  return slow_source({read, nullptr, now.wall - now.steady});
}

}  // namespace scout::inline v0::detail

#endif
