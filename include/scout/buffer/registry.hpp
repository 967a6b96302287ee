#ifndef SCOUT_BUFFER_REGISTRY_HPP
#define SCOUT_BUFFER_REGISTRY_HPP

// What all objects of a process share: thread buffers, transaction slots, the state of recording. There is one registry per
// process and major version; registry_lookup.hpp finds it. It is mapped once and never unmapped or destroyed, so threads
// that outlive main() and destructors that run late find it in place.
//
// The state word lies on a page that a fork wipes: in a child it reads `unknown`, and whatever asks it first (the start of a
// transaction, a thread that attaches, the agent) calls recover_after_fork().

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>

#include "../core/clock.hpp"
#include "../core/identity.hpp"
#include "../core/settings.hpp"
#include "thread_buffer.hpp"
#include "transaction_slots.hpp"

namespace scout::inline v0::detail {

enum class Recording : std::uint32_t {
  unknown,     // nothing was ever installed, or this is a forked child that has not looked yet
  on,          // with the processor's counter
  off,
  slow_clock,  // on, with a clock that must be called
};

// Supplied by the installed agent; called from application threads, off the hot path.
struct AgentHooks {
  void (*wake)(AgentHooks& hooks) noexcept;    // a transaction began or a ring fills while the collector sleeps or is not there
  void (*forked)(AgentHooks& hooks) noexcept;  // in the child, after the registry has been reset, under its lock
  std::uint64_t (*now)(AgentHooks& hooks) noexcept;  // the slow clock, in ticks of its own
  // The calling thread's stack (collect/stack_capture.hpp).
  std::uint32_t (*capture)(std::uint64_t* frames, std::uint32_t room, std::uint32_t skipped) noexcept;
  std::uint32_t (*hash_statement)(const char* text, std::size_t size) noexcept;  // core/statement.hpp
};

// Of one thread since it began.
struct AllocationCounts {
  std::uint64_t count, bytes;
};

// What headers hand over that a program includes once if it wants them; null: it does not. Never unset. Application threads.
struct OptIns {
  void (*allocations)(AllocationCounts& counts) noexcept;                    // instrument/allocations.hpp
  std::uint32_t (*thrown)(std::uint64_t* frames, std::uint32_t room) noexcept;  // instrument/error_capture.hpp
  const char* problem;  // what the last of them could not do; for the log
};

// Wiped on fork.
struct ProcessState {
  std::uint32_t recording;  // a Recording
  std::uint32_t sleeping;   // whoever starts a transaction wakes the collector (AgentHooks::wake)
  std::uint32_t pressed;    // a ring or the slots are more than half full, and the collector has been told
  pthread_mutex_t lock;    // over the lists of buffers and the state's changes
};

struct Registry {
  static constexpr std::uint32_t buffer_limit = 16384;  // threads alive at once

  struct BufferEntry {
    ThreadBuffer* buffer;
    std::uint32_t ring_size;
    std::uint32_t open_at_fork;  // places held when fork() was called, from the handler that runs before it
    bool free;
  };

  ProcessState* process;
  ThreadBuffer* null_buffer;  // of threads that record nothing: its context is no_context, or unattached once installed
  ThreadBuffer* busy_buffer;  // of threads that are being attached: always busy, behind the null buffer
  pthread_key_t thread_key;   // the thread's buffer, for objects that meet the thread for the first time
  std::uint32_t recording;    // what `process->recording` is to be; a fork does not wipe it
  AgentHooks* hooks;
  OptIns opt_ins;
  Settings settings;
  IdSeed seed;
  std::uint64_t fork_ticks;           // when this process was forked, 0: it was not
  std::uint64_t forked_transactions;  // live in the parent at that moment
  std::uint64_t forked_spans;
  std::uint64_t open_explicit_spans;  // as of the collector's last pass
  std::uint64_t no_memory_transactions;  // of threads that could not even have a buffer to count in
  std::uint32_t buffer_count;
  BufferEntry buffers[buffer_limit];
  TransactionSlots transactions;
  std::uint64_t* trace_states;  // 512 bytes for each slot, once a request has brought one (web/trace_propagation.hpp)
};

class RegistryLock {
 public:
  explicit RegistryLock(Registry& registry) noexcept : registry_(registry) { pthread_mutex_lock(&registry_.process->lock); }
  ~RegistryLock() { pthread_mutex_unlock(&registry_.process->lock); }
  RegistryLock(const RegistryLock&) = delete;
  RegistryLock& operator=(const RegistryLock&) = delete;

 private:
  Registry& registry_;
};

// Zeroed pages that a fork wipes where the kernel can (Linux 4.14); nullptr when there is no memory.
inline void* map_pages(std::size_t size, bool wiped) noexcept {
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  if (wiped) madvise(pages, size, MADV_WIPEONFORK);
  return pages;
}

// Makes an empty ring of zeroed or used pages. It belongs to nobody until own_buffer().
inline void reset_buffer(Registry& registry, std::uint32_t index) noexcept {
  ThreadBuffer& buffer = *registry.buffers[index].buffer;
  buffer = ThreadBuffer{};
  buffer.registry = &registry;
  buffer.slow_ticks = load(registry.settings.slow_ticks);
  buffer.index = index;
  buffer.mask = registry.buffers[index].ring_size - 1;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&buffer.owner, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

// Finds a ring for the calling thread: one whose owner is gone, or a new one. nullptr: no memory. Needs the lock.
inline ThreadBuffer* find_buffer(Registry& registry) noexcept {
  const std::uint32_t ring_size = registry.settings.ring_size;
  for (std::uint32_t index = 0; index < registry.buffer_count; ++index) {
    Registry::BufferEntry& entry = registry.buffers[index];
    if (entry.free && entry.ring_size == ring_size) {
      entry.free = false;  // what it has counted stays: the ledger is the sum over all buffers
      return entry.buffer;
    }
  }
  if (registry.buffer_count == Registry::buffer_limit) return nullptr;
  void* const pages = map_pages(sizeof(ThreadBuffer) + ring_size + ThreadBuffer::lookahead, true);
  if (pages == nullptr) return nullptr;
  const std::uint32_t index = registry.buffer_count;
  registry.buffers[index] = {static_cast<ThreadBuffer*>(pages), ring_size, 0, false};
  reset_buffer(registry, index);
  __atomic_store_n(&registry.buffer_count, index + 1, __ATOMIC_RELEASE);
  return registry.buffers[index].buffer;
}

// Makes the calling thread the owner until it ends. Without the registry's lock: the thread may take that again any time.
// Nobody else holds it; tried, so that a race detector sees no order between it and locks that the application holds now.
inline void own_buffer(ThreadBuffer& buffer) noexcept {
  pthread_mutex_trylock(&buffer.owner);
  __atomic_store_n(&buffer.in_use, true, __ATOMIC_RELEASE);
}

// What the collector has measured or been told anew. A measured rate drifts by parts in a million: not worth a write.
inline void publish_ticks(std::uint64_t& setting, std::uint64_t ticks) noexcept {
  const std::uint64_t known = load(setting);
  if ((ticks > known ? ticks - known : known - ticks) > known / 1024) store(setting, ticks);
}

inline Recording wanted_state(const Registry& registry) noexcept { return static_cast<Recording>(load(registry.recording)); }
inline Recording stored_state(const Registry& registry) noexcept {
  return static_cast<Recording>(__atomic_load_n(&registry.process->recording, __ATOMIC_ACQUIRE));
}
inline void store_state(Registry& registry, Recording state) noexcept {
  __atomic_store_n(&registry.process->recording, static_cast<std::uint32_t>(state), __ATOMIC_RELEASE);
}
// For this process and those that it forks: at once, under the lock, where other threads may look.
inline void change_state(Registry& registry, Recording state) noexcept {
  store(registry.recording, static_cast<std::uint32_t>(state));
  store_state(registry, state);
}

inline bool has_slow_clock(const Registry& registry) noexcept { return stored_state(registry) == Recording::slow_clock; }

// The clock that the process uses, outside the hot path.
inline std::uint64_t current_ticks(Registry& registry) noexcept {
  AgentHooks* const hooks = __atomic_load_n(&registry.hooks, __ATOMIC_ACQUIRE);
  return hooks != nullptr && has_slow_clock(registry) ? hooks->now(*hooks) : read_ticks();
}

// Makes the child's rings empty. The places that spans of the parent hold in the calling thread's ring stay held: these spans
// may still end here. Returns the calling thread's ring.
inline ThreadBuffer* reset_buffers(Registry& registry) noexcept {
  auto* const own = static_cast<ThreadBuffer*>(pthread_getspecific(registry.thread_key));
  for (std::uint32_t index = 0; index < registry.buffer_count; ++index) {
    Registry::BufferEntry& entry = registry.buffers[index];
    registry.forked_spans += entry.open_at_fork;
    const std::uint64_t ended = entry.buffer->head / sizeof(Record);  // meanwhile, in the wiped ring
    reset_buffer(registry, index);
    entry.free = entry.buffer != own;
    if (!entry.free && entry.open_at_fork > ended) {
      ThreadBuffer& buffer = *entry.buffer;
      buffer.forked_open = entry.open_at_fork - static_cast<std::uint32_t>(ended);
      buffer.granted = buffer.capacity();
      buffer.spare = buffer.granted - buffer.forked_open * sizeof(Record);
    }
    entry.open_at_fork = 0;
  }
  return own;
}

// Brings a forked child into order: its rings are empty, the parent's transactions are not its own. Any thread; idempotent. Who
// sees another state than `unknown` finds all of it done, the agent's part included.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void recover_after_fork(Registry& registry) noexcept {
  if (wanted_state(registry) == Recording::unknown) return;  // nothing was ever installed: no lock for each transaction
  ThreadBuffer* own = nullptr;
  {
    RegistryLock lock(registry);
    if (stored_state(registry) != Recording::unknown || wanted_state(registry) == Recording::unknown) return;
    registry.forked_spans = registry.open_explicit_spans;
    own = reset_buffers(registry);
    registry.forked_transactions = registry.transactions.reset();
    registry.open_explicit_spans = 0;
    registry.no_memory_transactions = 0;
    registry.busy_buffer->interrupted = 0;
    registry.fork_ticks = read_ticks();
    __atomic_store_n(&registry.process->sleeping, 1u, __ATOMIC_RELAXED);
    if (AgentHooks* const hooks = __atomic_load_n(&registry.hooks, __ATOMIC_ACQUIRE)) hooks->forked(*hooks);
    store_state(registry, wanted_state(registry));
  }
  if (own != nullptr) own_buffer(*own);
}

// The state of recording, after a fork recovered first.
inline Recording recording_state(Registry& registry) noexcept {
  const Recording state = stored_state(registry);
  if (state != Recording::unknown) return state;
  recover_after_fork(registry);
  return stored_state(registry);
}

// The consumer sets `sleeping`, runs a process-wide memory barrier and looks at everything again before it sleeps, so a
// plain load after the publication is enough here.
[[gnu::always_inline]] inline void wake_collector(Registry& registry) noexcept {
  signal_fence();
  if (load(registry.process->sleeping) == 0) return;
  if (AgentHooks* const hooks = __atomic_load_n(&registry.hooks, __ATOMIC_ACQUIRE)) hooks->wake(*hooks);
}

// A ring fills, or the slots do: once a pass of the collector.
inline void press_collector(Registry& registry) noexcept {
  if (load(registry.process->pressed) != 0 || __atomic_exchange_n(&registry.process->pressed, 1u, __ATOMIC_RELAXED) != 0) return;
  if (AgentHooks* const hooks = __atomic_load_n(&registry.hooks, __ATOMIC_ACQUIRE)) hooks->wake(*hooks);
}

// A slot for a transaction that the thread starts; nullptr: all are taken. Asks the collector for help when they run short:
// each thread looks so seldom that it costs little, and so often that 64 threads notice in time even if all count alike.
inline TransactionSlot* acquire_slot(Registry& registry, const ThreadBuffer& buffer) noexcept {
  constexpr std::uint64_t seldom = slot_count / 64;
  TransactionSlot* const slot = registry.transactions.acquire(buffer.index);
  const bool looks = slot == nullptr || load(buffer.started_transactions) % seldom == seldom - 1;
  if (looks && registry.transactions.crowded()) press_collector(registry);
  return slot;
}

// Whether `size` bytes are free; asks the collector for help when the ring is half full.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline bool find_room(ThreadBuffer& buffer, std::uint64_t size) noexcept {
  if (buffer.registry == nullptr) return false;  // wiped by a fork
  bool pressed = false;
  withdraw_promises(buffer);
  const bool found = make_room(buffer, size, pressed);
  if (pressed) press_collector(*buffer.registry);
  return found;
}
[[gnu::always_inline]] inline bool has_room(ThreadBuffer& buffer, std::uint64_t size) noexcept {
  return size <= load(buffer.spare) || find_room(buffer, size);
}

}  // namespace scout::inline v0::detail

#endif
