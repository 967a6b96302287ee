#ifndef SCOUT_INSTRUMENT_ALLOCATIONS_HPP
#define SCOUT_INSTRUMENT_ALLOCATIONS_HPP

// Opt-in, for one translation unit of the program: every span says what its thread allocated while it was open, in the tags
// allocations, start_allocations and stop_allocations, as with Scout's Python agent, and allocated_bytes. It replaces the
// global operators new and delete by ones that count and call malloc and free, whoever provides these: the C library, jemalloc,
// tcmalloc. With SCOUT_COUNT_MALLOC defined it counts what is asked of malloc and its kin as well; not in static programs, and
// a linker that leaves out libraries as needed must be told of the allocator's (-Wl,--no-as-needed).
//
// An allocation costs an addition or two more. A span costs some 75 ns more, since its start becomes a record; a
// program that does not include this pays nothing. Where another replacement comes first the log says that nothing is counted.

#include <dlfcn.h>
#if defined(__clang__) && __has_include(<mm_malloc.h>)
#  include <mm_malloc.h>  // clang lets it declare posix_memalign in its own way before ours, not after
#endif

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "../buffer/registry_lookup.hpp"

namespace scout::inline v0::detail {

[[gnu::visibility("hidden"), gnu::tls_model("initial-exec")]] inline constinit thread_local AllocationCounts thread_allocations{};

[[gnu::always_inline]] inline void* counted(void* memory, std::size_t size) noexcept {
  if (memory == nullptr) return nullptr;
  ++thread_allocations.count;
  thread_allocations.bytes += size;
  return memory;
}

#if defined(SCOUT_COUNT_MALLOC)

// The functions that those below stand before. While they are looked up the loader may want memory itself.
struct NextAllocator {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void (*free)(void*);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  std::size_t early_size;
  alignas(16) char early[8192];

  bool ready() noexcept {
    static constinit bool looking = false;
    if (__atomic_load_n(&free, __ATOMIC_ACQUIRE) != nullptr) return true;
    if (__atomic_exchange_n(&looking, true, __ATOMIC_ACQ_REL)) return false;
    find(malloc, "malloc");
    find(calloc, "calloc");
    find(realloc, "realloc");
    find(posix_memalign, "posix_memalign");
    find(aligned_alloc, "aligned_alloc");
    find(memalign, "memalign");
    void (*found)(void*) = nullptr;
    find(found, "free");
    __atomic_store_n(&free, found, __ATOMIC_RELEASE);
    return found != nullptr;
  }
  void* take_early(std::size_t size) noexcept {
    const std::size_t begin = __atomic_fetch_add(&early_size, (size + 15) / 16 * 16, __ATOMIC_RELAXED);
    if (begin <= sizeof early && size <= sizeof early - begin) return early + begin;
    errno = ENOMEM;
    return nullptr;
  }
  bool is_early(const void* memory) const noexcept { return memory >= early && memory < early + sizeof early; }

 private:
  template <class Function>
  static void find(Function& function, const char* name) noexcept {
    void* const found = dlsym(RTLD_NEXT, name);
    std::memcpy(&function, &found, sizeof function);
  }
};
[[gnu::visibility("hidden")]] inline constinit NextAllocator next_allocator{};

inline void* uncounted_malloc(std::size_t size) noexcept {
  return next_allocator.ready() ? next_allocator.malloc(size) : next_allocator.take_early(size);
}
inline void* uncounted_aligned(std::size_t alignment, std::size_t size) noexcept {
  return next_allocator.ready() ? next_allocator.aligned_alloc(alignment, size) : nullptr;
}
inline void uncounted_free(void* memory) noexcept {
  if (memory != nullptr && !next_allocator.is_early(memory) && next_allocator.ready()) next_allocator.free(memory);
}

#else

inline void* uncounted_malloc(std::size_t size) noexcept { return std::malloc(size); }
inline void* uncounted_aligned(std::size_t alignment, std::size_t size) noexcept { return std::aligned_alloc(alignment, size); }
inline void uncounted_free(void* memory) noexcept { std::free(memory); }

#endif

// As the standard has it: again and again while there is a handler that may find some. nullptr: there is none. Alignment 0: any.
inline void* allocate(std::size_t size, std::size_t alignment) {
  if (size == 0) size = 1;
  while (true) {
    const std::size_t rounded = alignment == 0 ? size : (size + alignment - 1) / alignment * alignment;
    void* const memory = rounded < size     ? nullptr
                         : alignment == 0 ? uncounted_malloc(size)
                                          : uncounted_aligned(alignment, rounded);
    if (memory != nullptr) return counted(memory, size);
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) return nullptr;
    handler();
  }
}

inline void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size, alignment);
  if (memory != nullptr) return memory;
#if defined(__cpp_exceptions)
  throw std::bad_alloc();
#else
  std::abort();
#endif
}

inline void* allocate_or_null(std::size_t size, std::size_t alignment) noexcept {
#if defined(__cpp_exceptions)
  try {
    return allocate(size, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
#else
  return allocate(size, alignment);
#endif
}

// Whether the operators below are the ones that the whole program uses.
inline bool counts_all_of_new() noexcept {
  void* (*allocate)(std::size_t) = nullptr;
  void* const found = dlsym(RTLD_DEFAULT, "_Znwm");
  if (found == nullptr) return true;  // a static program
  std::memcpy(&allocate, &found, sizeof allocate);
  const std::uint64_t before = thread_allocations.count;
  ::operator delete(allocate(1));
  return thread_allocations.count != before;
}

inline bool offer_allocations() noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr) return false;
  if (!counts_all_of_new()) {
    store(registry->opt_ins.problem, "allocations are not counted: another operator new comes first");
    return false;
  }
  pin_object();
  void (*const read)(AllocationCounts&) noexcept = [](AllocationCounts& counts) noexcept { counts = thread_allocations; };
  __atomic_store_n(&registry->opt_ins.allocations, read, __ATOMIC_RELEASE);  // pairs with note_allocations()
  return true;
}
inline const bool allocations_are_counted = offer_allocations();

}  // namespace scout::inline v0::detail

// The global operators; not inlined, so that a compiler sees them as one pair.
[[gnu::noinline]] void* operator new(std::size_t size) { return scout::detail::allocate_or_throw(size, 0); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return scout::detail::allocate_or_throw(size, 0); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return scout::detail::allocate_or_null(size, 0);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return scout::detail::allocate_or_null(size, 0);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return scout::detail::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return scout::detail::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return scout::detail::allocate_or_null(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return scout::detail::allocate_or_null(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  scout::detail::uncounted_free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  scout::detail::uncounted_free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  scout::detail::uncounted_free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  scout::detail::uncounted_free(memory);
}

#if defined(SCOUT_COUNT_MALLOC)
extern "C" {
[[gnu::noinline]] void* malloc(std::size_t size) noexcept {
  return scout::detail::counted(scout::detail::uncounted_malloc(size), size);
}
[[gnu::noinline]] void* calloc(std::size_t count, std::size_t size) noexcept {
  using scout::detail::next_allocator;
  const std::size_t bytes = count * size;  // where this overflows there is no memory
  return scout::detail::counted(next_allocator.ready() ? next_allocator.calloc(count, size) : next_allocator.take_early(bytes), bytes);
}
[[gnu::noinline]] void* realloc(void* memory, std::size_t size) noexcept {
  using scout::detail::next_allocator;
  if (!next_allocator.is_early(memory) && next_allocator.ready())
    return scout::detail::counted(next_allocator.realloc(memory, size), size);
  void* const moved = malloc(size);
  if (moved == nullptr || memory == nullptr) return moved;
  const auto left = static_cast<std::size_t>(next_allocator.early + sizeof next_allocator.early - static_cast<char*>(memory));
  std::memcpy(moved, memory, size < left ? size : left);
  return moved;
}
[[gnu::noinline]] void free(void* memory) noexcept { scout::detail::uncounted_free(memory); }
[[gnu::noinline]] int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  using scout::detail::next_allocator;
  const int result = next_allocator.ready() ? next_allocator.posix_memalign(memory, alignment, size) : ENOMEM;
  if (result == 0) scout::detail::counted(*memory, size);
  return result;
}
[[gnu::noinline]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return scout::detail::counted(scout::detail::uncounted_aligned(alignment, size), size);
}
[[gnu::noinline]] void* memalign(std::size_t alignment, std::size_t size) noexcept {
  using scout::detail::next_allocator;
  return scout::detail::counted(next_allocator.ready() ? next_allocator.memalign(alignment, size) : nullptr, size);
}
}
#endif

#endif
