#ifndef SCOUT_INSTRUMENT_ERROR_CAPTURE_HPP
#define SCOUT_INSTRUMENT_ERROR_CAPTURE_HPP

// Opt-in, for one translation unit of the program: mark_error() in a catch block then also says where the exception was thrown,
// in the tag error_stack. It stands before the C++ runtime's __cxa_throw, notes the stack in a fixed place of the thread and
// goes on there: what is thrown, how it travels and where it ends stays as it is. Rethrown, an exception keeps its stack;
// what another thread threw, what no throw made (std::make_exception_ptr) and what is not C++ has none, and the tag is left out.
// A stack is found by the exception's address and type: where one of these gets the memory of one of the thread's last four
// exceptions, of the same type, it shows that one's.
//
// Only throws inside a transaction are noted: 0.1 to 5 µs, as the stack of a slow span. A program that is linked statically
// needs -Wl,--wrap=__cxa_throw; otherwise it works as before, and the log says that stacks are not kept.

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <typeinfo>

#include "recording.hpp"

namespace scout::inline v0::detail {

struct ThrownException {
  const void* object;
  const std::type_info* type;
  std::uint32_t frame_count;
  std::uint64_t frames[stack_limit];
};
struct ThrownExceptions {
  std::uint32_t count;
  ThrownException last[4];  // an exception may be handled while others come and go
};
[[gnu::visibility("hidden")]] inline constinit thread_local ThrownExceptions thrown_exceptions{};

using CxaThrow = void (*)(void*, std::type_info*, void (*)(void*));

// Its caller, which stands in the place of __cxa_throw, is left out of the stack as well.
[[gnu::noinline]] inline void note_throw(const void* object, const std::type_info* type) noexcept {
  const Place place = current_place();
  if (!place.context.in_transaction()) return;
  const AgentHooks* const hooks = __atomic_load_n(&place.buffer->registry->hooks, __ATOMIC_ACQUIRE);
  if (hooks == nullptr) return;
  ThrownException& thrown = thrown_exceptions.last[thrown_exceptions.count++ % 4];
  thrown.frame_count = hooks->capture(thrown.frames, stack_limit, 2);
  thrown.object = object;
  thrown.type = type;
}

// The stack of the exception that the calling thread handles, not of one that is still on its way.
inline std::uint32_t thrown_stack(std::uint64_t* frames, std::uint32_t room) noexcept {
  if (std::uncaught_exceptions() != 0) return 0;
  const std::exception_ptr handled = std::current_exception();
  if (handled == nullptr) return 0;
  const void* object;
  static_assert(sizeof handled == sizeof object);
  std::memcpy(&object, static_cast<const void*>(&handled), sizeof object);
  const std::type_info* const type = abi::__cxa_current_exception_type();
  for (const ThrownException& thrown : thrown_exceptions.last) {
    if (thrown.object != object || type == nullptr || thrown.type != type) continue;
    const std::uint32_t count = thrown.frame_count < room ? thrown.frame_count : room;
    std::memcpy(frames, thrown.frames, count * sizeof *frames);
    return count;
  }
  return 0;
}

inline CxaThrow next_throw() noexcept {
  static constinit CxaThrow found = nullptr;
  CxaThrow next = __atomic_load_n(&found, __ATOMIC_RELAXED);
  if (next != nullptr) return next;
  void* const symbol = dlsym(RTLD_NEXT, "__cxa_throw");
  std::memcpy(&next, &symbol, sizeof next);
  __atomic_store_n(&found, next, __ATOMIC_RELAXED);
  return next;
}

}  // namespace scout::inline v0::detail

extern "C" {
#if defined(__GLIBCXX__)
// Of the same archive member as __cxa_throw: with it a static program gets the runtime's own, which goes before a weak one.
void* scout_beside_throw(void*, std::type_info*, void (*)(void*)) noexcept __asm__("__cxa_init_primary_exception");
[[gnu::used, gnu::visibility("hidden")]] inline auto* const scout_anchor_of_throw = &scout_beside_throw;
#endif

// Under a name of its own here: compilers know the runtime's.
[[noreturn, gnu::weak, gnu::used, gnu::noinline, gnu::visibility("default")]] void scout_throw(
    void* object, std::type_info* type, void (*destroy)(void*)) __asm__("__cxa_throw");
[[noreturn]] void scout_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  scout::detail::note_throw(object, type);
  if (const auto next = scout::detail::next_throw()) next(object, type, destroy);
  std::abort();
}

// With --wrap; __real___cxa_throw is there only then.
[[noreturn, gnu::weak]] void __real___cxa_throw(void* object, std::type_info* type, void (*destroy)(void*));
[[noreturn, gnu::used, gnu::noinline]] void __wrap___cxa_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  scout::detail::note_throw(object, type);
  __real___cxa_throw(object, type, destroy);
}
}

namespace scout::inline v0::detail {

// Whether what throws in this process comes by here.
inline bool sees_throws() noexcept {
  if (&__real___cxa_throw != nullptr) return true;
  Dl_info first{}, own{};
  void* const symbol = dlsym(RTLD_DEFAULT, "__cxa_throw");
  return symbol != nullptr && next_throw() != nullptr && dladdr(symbol, &first) != 0 && dladdr(&registry_slot, &own) != 0 &&
         first.dli_fbase == own.dli_fbase;
}

inline bool offer_thrown_stacks() noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr) return false;
  if (!sees_throws()) {
    store(registry->opt_ins.problem, "where exceptions are thrown is not kept: another __cxa_throw comes first");
    return false;
  }
  pin_object();
  __atomic_store_n(&registry->opt_ins.thrown, &thrown_stack, __ATOMIC_RELEASE);
  return true;
}
inline const bool thrown_stacks_are_kept = offer_thrown_stacks();

}  // namespace scout::inline v0::detail

#endif
