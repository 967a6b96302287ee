// The calls that the compiler makes of accesses to memory (its interface to the thread sanitizer's runtime), and those to
// the C library that the linker redirects (--wrap, meson.build): passed to the explorer where they are about watched memory.

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "running.hpp"

using model::Order;

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_atomic_signal_fence(int) {}
void __tsan_atomic_thread_fence(int) { model::refuse_fence(); }

#define MODEL_PLAIN(bytes)                                                                              \
  void __tsan_read##bytes(void* address) { model::plain_access(address, bytes, false); }                \
  void __tsan_write##bytes(void* address) { model::plain_access(address, bytes, true); }                \
  void __tsan_unaligned_read##bytes(void* address) { model::plain_access(address, bytes, false); }      \
  void __tsan_unaligned_write##bytes(void* address) { model::plain_access(address, bytes, true); }      \
  void __tsan_read_write##bytes(void* address) { model::plain_access(address, bytes, true); }           \
  void __tsan_unaligned_read_write##bytes(void* address) { model::plain_access(address, bytes, true); } \
  void __tsan_volatile_read##bytes(void* address) { model::plain_access(address, bytes, false); }       \
  void __tsan_volatile_write##bytes(void* address) { model::plain_access(address, bytes, true); }
MODEL_PLAIN(1)
MODEL_PLAIN(2)
MODEL_PLAIN(4)
MODEL_PLAIN(8)
MODEL_PLAIN(16)
void __tsan_read_range(void* address, size_t bytes) { model::plain_access(address, bytes, false); }
void __tsan_write_range(void* address, size_t bytes) { model::plain_access(address, bytes, true); }

#define MODEL_MODIFY(bits, type, name, expression)                                                    \
  type __tsan_atomic##bits##_##name(volatile type* address, type operand, int order) {                \
    return static_cast<type>(model::atomic_modify(                                                    \
        address, sizeof(type), model::order_of(address, order),                                       \
        [](std::uint64_t old, std::uint64_t with) -> std::uint64_t { return expression; }, operand)); \
  }
#define MODEL_ATOMIC(bits, type)                                                                                                 \
  type __tsan_atomic##bits##_load(const volatile type* address, int order) {                                                     \
    return static_cast<type>(model::atomic_load(address, sizeof(type), model::order_of(address, order)));                        \
  }                                                                                                                              \
  void __tsan_atomic##bits##_store(volatile type* address, type value, int order) {                                              \
    model::atomic_store(address, sizeof(type), value, model::order_of(address, order));                                          \
  }                                                                                                                              \
  MODEL_MODIFY(bits, type, exchange, ((void)old, with))                                                                          \
  MODEL_MODIFY(bits, type, fetch_add, old + with)                                                                                \
  MODEL_MODIFY(bits, type, fetch_sub, old - with)                                                                                \
  MODEL_MODIFY(bits, type, fetch_and, old& with)                                                                                 \
  MODEL_MODIFY(bits, type, fetch_or, old | with)                                                                                 \
  MODEL_MODIFY(bits, type, fetch_xor, old ^ with)                                                                                \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile type* address, type* expected, type desired, int success,           \
                                                    int failure) {                                                               \
    std::uint64_t seen = *expected;                                                                                              \
    const bool exchanged = model::atomic_compare_exchange(address, sizeof(type), seen, desired,                                  \
                                                          model::order_of(address, success), model::order_of(address, failure)); \
    if (!exchanged) *expected = static_cast<type>(seen);                                                                         \
    return exchanged;                                                                                                            \
  }                                                                                                                              \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile type* address, type* expected, type desired, int success,             \
                                                  int failure) {                                                                 \
    return __tsan_atomic##bits##_compare_exchange_strong(address, expected, desired, success, failure);                          \
  }                                                                                                                              \
  type __tsan_atomic##bits##_compare_exchange_val(volatile type* address, type expected, type desired, int success,              \
                                                  int failure) {                                                                 \
    (void)__tsan_atomic##bits##_compare_exchange_strong(address, &expected, desired, success, failure);                          \
    return expected;                                                                                                             \
  }
MODEL_ATOMIC(8, std::uint8_t)
MODEL_ATOMIC(16, std::uint16_t)
MODEL_ATOMIC(32, std::uint32_t)
MODEL_ATOMIC(64, std::uint64_t)

void* __real_memcpy(void* to, const void* from, size_t bytes);
void* __real_memmove(void* to, const void* from, size_t bytes);
void* __real_memset(void* to, int byte, size_t bytes);
void* __wrap_memcpy(void* to, const void* from, size_t bytes) {
  model::plain_access(from, bytes, false);
  model::plain_access(to, bytes, true);
  return __real_memcpy(to, from, bytes);
}
void* __wrap_memmove(void* to, const void* from, size_t bytes) {
  model::plain_access(from, bytes, false);
  model::plain_access(to, bytes, true);
  return __real_memmove(to, from, bytes);
}
void* __wrap_memset(void* to, int byte, size_t bytes) {
  model::plain_access(to, bytes, true);
  return __real_memset(to, byte, bytes);
}

// As clang has them since its version 15.
void* __tsan_memcpy(void* to, const void* from, size_t bytes) { return __wrap_memcpy(to, from, bytes); }
void* __tsan_memmove(void* to, const void* from, size_t bytes) { return __wrap_memmove(to, from, bytes); }
void* __tsan_memset(void* to, int byte, size_t bytes) { return __wrap_memset(to, byte, bytes); }

void* __wrap_mmap(void*, size_t size, int, int, int, off_t) {
  void* const memory = model::map(size);
  return memory == nullptr ? MAP_FAILED : memory;
}
void* __wrap_mmap64(void*, size_t size, int, int, int, off_t) { return __wrap_mmap(nullptr, size, 0, 0, 0, 0); }
int __wrap_madvise(void*, size_t, int) { return 0; }

int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
int __real_pthread_mutex_trylock(pthread_mutex_t* mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  return model::running ? model::lock(mutex) : __real_pthread_mutex_lock(mutex);
}
int __wrap_pthread_mutex_trylock(pthread_mutex_t* mutex) {
  return model::running ? model::try_lock(mutex) : __real_pthread_mutex_trylock(mutex);
}
int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex) {
  return model::running ? model::unlock(mutex) : __real_pthread_mutex_unlock(mutex);
}
int __wrap_pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t*) {
  model::make_mutex(mutex);
  return 0;
}
int __wrap_pthread_mutex_consistent(pthread_mutex_t* mutex) {
  model::make_consistent(mutex);
  return 0;
}
void* __wrap_pthread_getspecific(pthread_key_t) { return model::thread_specific(); }
int __wrap_pthread_setspecific(pthread_key_t, const void* value) {
  model::thread_specific() = const_cast<void*>(value);
  return 0;
}

}  // extern "C"
