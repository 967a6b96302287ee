#ifndef SCOUT_TESTS_PLAIN_MEMORY_HPP
#define SCOUT_TESTS_PLAIN_MEMORY_HPP

// What the process maps for itself, in plain memory: zeroed, and aligned as it is there.

#include <cstddef>
#include <cstdlib>
#include <memory>

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
template <class T>
using Zeroed = std::unique_ptr<T, FreeMemory>;

// With `more` bytes behind it.
template <class T>
Zeroed<T> zeroed(std::size_t more = 0) {
  const std::size_t size = (sizeof(T) + more + 127) / 128 * 128;
  void* const memory = std::aligned_alloc(128, size);
  __builtin_memset(memory, 0, size);
  return Zeroed<T>(static_cast<T*>(memory));
}

#endif
