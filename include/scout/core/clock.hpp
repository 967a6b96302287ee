#ifndef SCOUT_CORE_CLOCK_HPP
#define SCOUT_CORE_CLOCK_HPP

// The processor's own counter: the cheapest clock there is. Ticks become wall time on the collector (collect/timeline.hpp).

#include <cstdint>

namespace scout::inline v0::detail {

#if defined(__x86_64__)
[[gnu::always_inline]] inline std::uint64_t read_ticks() noexcept { return __builtin_ia32_rdtsc(); }
#elif defined(__aarch64__)
[[gnu::always_inline]] inline std::uint64_t read_ticks() noexcept {
  std::uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
}
#else
#  error "scout needs an x86-64 or an aarch64 processor"
#endif

}  // namespace scout::inline v0::detail

#endif
