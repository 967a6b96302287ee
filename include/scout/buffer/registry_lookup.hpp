#ifndef SCOUT_BUFFER_REGISTRY_LOOKUP_HPP
#define SCOUT_BUFFER_REGISTRY_LOOKUP_HPP

// One registry per process, whatever the linking: inline variables and weak symbols are not shared under hidden visibility,
// RTLD_LOCAL or -Bsymbolic. Each object that records has a hidden slot and a note section that says where the slot is. The
// first user walks all loaded objects inside the loader's own lock, adopts any slot that is set, or maps the registry.

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sys/random.h>

#include "registry.hpp"

namespace scout::inline v0::detail {

// Part of the binary contract with other objects: a change of any type in buffer/ or core/record.hpp needs a new number.
inline constexpr std::uint32_t registry_note_type = 0;

// Each object's own, as are the functions that use them: without hidden visibility those of another object might be called.
[[gnu::visibility("hidden")]] inline constinit Registry* registry_slot = nullptr;
[[gnu::visibility("hidden")]] inline constinit bool object_stays = false;  // it is the program, or pinned
[[gnu::visibility("hidden")]] inline constinit ThreadBuffer unattached_buffer{unattached_context};
[[gnu::visibility("hidden")]] inline constinit thread_local ThreadBuffer* thread_buffer = &unattached_buffer;

// clang 15 to 18 keep the address of a thread-local across a co_await, behind which a coroutine may be on another thread.
#if defined(__clang_major__) && __clang_major__ >= 15 && __clang_major__ <= 18
[[gnu::noinline, gnu::visibility("hidden")]] inline ThreadBuffer* this_thread_buffer() noexcept {
  asm volatile("");
  return thread_buffer;
}
#else
[[gnu::always_inline, gnu::visibility("hidden")]] inline ThreadBuffer* this_thread_buffer() noexcept { return thread_buffer; }
#endif

inline Registry* create_registry() noexcept {
  constexpr std::size_t page = 4096;
  auto* const registry = static_cast<Registry*>(map_pages(sizeof(Registry), false));
  void* const process = map_pages(page, true);
  void* const null_buffer = map_pages(2 * sizeof(ThreadBuffer), false);
  if (registry == nullptr || process == nullptr || null_buffer == nullptr) return nullptr;
  if (pthread_key_create(&registry->thread_key, nullptr) != 0) return nullptr;
  registry->settings = Settings{};
  registry->process = static_cast<ProcessState*>(process);
  registry->null_buffer = static_cast<ThreadBuffer*>(null_buffer);
  registry->busy_buffer = registry->null_buffer + 1;
  registry->busy_buffer->context = busy_context;
  return registry;
}

// The slot that a note names; nullptr: no note of ours in this segment.
inline Registry** slot_in_notes(const char* notes, std::size_t size) noexcept {
  constexpr char name[] = "scout";
  std::size_t offset = 0;
  while (offset + sizeof(ElfW(Nhdr)) <= size) {
    ElfW(Nhdr) header;
    __builtin_memcpy(&header, notes + offset, sizeof header);
    const std::size_t text = offset + sizeof header;
    const std::size_t content = text + ((header.n_namesz + 3u) & ~3u);
    if (content + header.n_descsz > size) return nullptr;
    if (header.n_type == registry_note_type && header.n_namesz == sizeof name && header.n_descsz == 8 &&
        __builtin_memcmp(notes + text, name, sizeof name) == 0) {
      std::int64_t distance;
      __builtin_memcpy(&distance, notes + content, sizeof distance);
      return reinterpret_cast<Registry**>(reinterpret_cast<std::uintptr_t>(notes + content) + static_cast<std::uintptr_t>(distance));
    }
    offset = content + ((header.n_descsz + 3u) & ~3u);
  }
  return nullptr;
}

// p_type, the first member, under whatever name: <resolv.h> has a macro of that one.
inline std::uint32_t segment_type(const ElfW(Phdr)& segment) noexcept {
  std::uint32_t type;
  __builtin_memcpy(&type, &segment, sizeof type);
  return type;
}

inline int adopt_registry(dl_phdr_info* object, std::size_t, void* found) noexcept {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment_type(segment) != PT_NOTE) continue;
    Registry** const slot = slot_in_notes(reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr), segment.p_memsz);
    Registry* const registry = slot == nullptr ? nullptr : __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    if (registry == nullptr) continue;
    *static_cast<Registry**>(found) = registry;
    return 1;
  }
  return 0;
}

inline bool is_within(const dl_phdr_info& object, const void* place) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(place);
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const auto& segment = object.dlpi_phdr[i];
    const std::uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    if (segment_type(segment) == PT_LOAD && address >= begin && address - begin < segment.p_memsz) return true;
  }
  return false;
}

// Runs inside the loader's lock (which is recursive), for the first object, the program, only: looks through all, then sets
// our slot.
[[gnu::visibility("hidden")]] inline int resolve_registry_locked(dl_phdr_info* program, std::size_t, void*) noexcept {
  if (__atomic_load_n(&registry_slot, __ATOMIC_ACQUIRE) != nullptr) return 1;
  if (is_within(*program, &registry_slot)) store(object_stays, true);
  Registry* registry = nullptr;
  dl_iterate_phdr(adopt_registry, &registry);
  if (registry == nullptr) registry = create_registry();
  __atomic_store_n(&registry_slot, registry, __ATOMIC_RELEASE);
  return 1;
}

// A symbol's place, in position-independent code too.
#if defined(__aarch64__)
#  define SCOUT_DETAIL_SYMBOL(address) "S"(address)
#else
#  define SCOUT_DETAIL_SYMBOL(address) "i"(address)
#endif

// The note, and a call before main() wherever this object records at all: after a fork the walk could find the loader's lock
// taken. Both in assembler, which is there only where this function is: a variable with an initializer would be in every
// file that includes this one, and gcc 12 gives a variable in a note section the wrong section type.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline Registry* resolve_registry() noexcept {
  asm volatile(
      ".pushsection .note.scout,\"aG\",@note,scout_note_v0,comdat\n\t"
      ".balign 4\n\t"
      ".long 6\n\t.long 8\n\t.long %c1\n\t"
      ".asciz \"scout\"\n\t.balign 4\n\t"
      ".quad %c0 - .\n\t"
      ".popsection\n\t"
      ".pushsection .init_array,\"awG\",@init_array,scout_note_v0,comdat\n\t"
      ".balign 8\n\t"
      ".quad %c2\n\t"
      ".popsection"
      :
      : SCOUT_DETAIL_SYMBOL(&registry_slot), "i"(registry_note_type), SCOUT_DETAIL_SYMBOL(&resolve_registry));
  dl_iterate_phdr(resolve_registry_locked, nullptr);
  return __atomic_load_n(&registry_slot, __ATOMIC_ACQUIRE);
}

// nullptr: no memory for it.
[[gnu::visibility("hidden")]] inline Registry* find_registry() noexcept {
  Registry* const registry = __atomic_load_n(&registry_slot, __ATOMIC_ACQUIRE);
  return registry != nullptr ? registry : resolve_registry();
}

// Records hold pointers to this object's literals: it must stay even when it is dlclosed. Nobody waits for another thread's
// call, which a fork may cut off; twice does no harm.
[[gnu::visibility("hidden")]] inline void pin_object() noexcept {
  if (load(object_stays)) return;
  Dl_info object;
  if (dladdr(&registry_slot, &object) == 0 || object.dli_fname == nullptr) return;
  if (void* const handle = dlopen(object.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE)) dlclose(handle);
  store(object_stays, true);
}

// The buffer that the calling thread has, or gets.
[[gnu::visibility("hidden")]] inline ThreadBuffer& find_own_buffer(Registry& registry) noexcept {
  const Recording state = recording_state(registry);
  if (state == Recording::unknown || state == Recording::off) return *registry.null_buffer;
  pin_object();
  auto* buffer = static_cast<ThreadBuffer*>(pthread_getspecific(registry.thread_key));
  if (buffer != nullptr) return *buffer;
  {
    RegistryLock lock(registry);
    buffer = find_buffer(registry);
  }
  if (buffer == nullptr) return unattached_buffer;
  own_buffer(*buffer);
  pthread_setspecific(registry.thread_key, buffer);
  return *buffer;
}

// The calling thread's buffer, from now on also in this object's thread-local; unattached_buffer when it cannot be had yet.
// Meanwhile a signal handler on this thread finds it busy: it would wait for locks that the thread holds.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline ThreadBuffer& attach_thread() noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr) return unattached_buffer;
  thread_buffer = registry->busy_buffer;
  signal_fence();
  ThreadBuffer& buffer = find_own_buffer(*registry);
  signal_fence();
  thread_buffer = &buffer;
  return buffer;
}

}  // namespace scout::inline v0::detail

#endif
