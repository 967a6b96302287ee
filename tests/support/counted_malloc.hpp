#ifndef SCOUT_TESTS_COUNTED_MALLOC_HPP
#define SCOUT_TESTS_COUNTED_MALLOC_HPP

// Interposes malloc in the program that includes it, once: `allocations` of threads that have set `counting`.

#include <atomic>
#include <cstddef>

inline constinit thread_local bool counting = false;
inline std::atomic<int> allocations = 0;

extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) {
  if (counting) ++allocations;
  return __libc_malloc(size);
}

#endif
