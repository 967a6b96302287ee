#ifndef SCOUT_MODEL_CHECK_RUNNING_HPP
#define SCOUT_MODEL_CHECK_RUNNING_HPP

// What the instrumented code calls into, as instrumented_calls.cpp sees it.

#include <pthread.h>

#include <cstddef>
#include <cstdint>

namespace model {

inline constexpr std::size_t watched_size = std::size_t{1} << 21;
extern char watched[watched_size];
extern std::size_t mapped;  // of it
extern bool running;        // scenario code is, on one of the fibers or on none

// False: outside a scenario, or memory that is not watched; then the access is an ordinary one.
inline bool watches(const volatile void* address) noexcept {
  return running && reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(watched) < watched_size;
}

void watched_access(const void* address, std::size_t bytes, bool writes);
inline void plain_access(const void* address, std::size_t bytes, bool writes) {
  if (watches(address) && bytes != 0) watched_access(address, bytes, writes);
}

struct Order {
  bool acquires, releases;
};
Order order_of(const volatile void* address, int memory_order);

// Of values in the low bytes.
std::uint64_t atomic_load(const volatile void* address, std::size_t bytes, Order order);
void atomic_store(volatile void* address, std::size_t bytes, std::uint64_t value, Order order);
std::uint64_t atomic_modify(volatile void* address, std::size_t bytes, Order order,
                            std::uint64_t (*change)(std::uint64_t old, std::uint64_t operand), std::uint64_t operand);
bool atomic_compare_exchange(volatile void* address, std::size_t bytes, std::uint64_t& expected, std::uint64_t desired,
                             Order success, Order failure);
void refuse_fence();

void* map(std::size_t size) noexcept;

int lock(pthread_mutex_t* mutex);
int try_lock(pthread_mutex_t* mutex);
int unlock(pthread_mutex_t* mutex);
void make_mutex(pthread_mutex_t* mutex);
void make_consistent(pthread_mutex_t* mutex);

void*& thread_specific() noexcept;

}  // namespace model

#endif
