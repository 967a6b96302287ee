#ifndef SCOUT_AGENT_LIFECYCLE_HPP
#define SCOUT_AGENT_LIFECYCLE_HPP

// Where the process's life touches the agent: its first use, fork, exit.

#include <sys/mman.h>

#include <cstdlib>

#include "installed_agent.hpp"

namespace scout::inline v0::detail {

// Before a fork, on the forking thread: what every thread has open, for the child's account.
inline void note_open_spans() noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr) return;
  const std::uint32_t count = __atomic_load_n(&registry->buffer_count, __ATOMIC_ACQUIRE);
  for (std::uint32_t index = 0; index < count; ++index) {
    Registry::BufferEntry& entry = registry->buffers[index];
    entry.open_at_fork = entry.buffer->open_places() - load(entry.buffer->forked_open);
  }
}

// After it, in the child: what the kernel wipes if it can (Linux 4.14) and may.
inline void wipe_pages() noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr || madvise(registry->process, sizeof(ProcessState), MADV_WIPEONFORK) == 0) return;
  *registry->process = ProcessState{};
  for (std::uint32_t index = 0; index < registry->buffer_count; ++index) *registry->buffers[index].buffer = ThreadBuffer{};
}

// nullptr: nothing was ever installed in this process.
inline AgentTable* find_agent() noexcept {
  Registry* const registry = find_registry();
  return registry == nullptr ? nullptr : static_cast<AgentTable*>(__atomic_load_n(&registry->hooks, __ATOMIC_ACQUIRE));
}

inline void drain_process() noexcept {
  if (AgentTable* const agent = find_agent()) agent->drain_at_exit(*agent);
}

// Where leak checkers find the agent: they do not look into the registry's pages.
[[gnu::visibility("hidden")]] inline constinit AgentTable* immortal_agent = nullptr;

// The process's agent, made at its first use and immortal; nullptr: no memory for it.
inline AgentTable* make_agent() noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr) return nullptr;
  const BlockedSignals blocked;  // a handler that records may need the lock
  RegistryLock lock(*registry);
  if (registry->hooks == nullptr && guarded([&] { immortal_agent = new InstalledAgent(*registry); })) {
    pin_object();  // its code is called until the end of the process
    __atomic_store_n(&registry->hooks, static_cast<AgentHooks*>(immortal_agent), __ATOMIC_RELEASE);
    pthread_atfork(note_open_spans, nullptr, wipe_pages);
    std::atexit(drain_process);
    at_quick_exit(drain_process);
  }
  return static_cast<AgentTable*>(registry->hooks);
}

// Static objects that were made before install() end after its atexit handler; what they recorded is drained here.
[[gnu::destructor(101), maybe_unused]] static void drain_after_handlers() { drain_process(); }

}  // namespace scout::inline v0::detail

#endif
