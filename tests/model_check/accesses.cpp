// What an access of the scenario does: to watched memory as the model has it, to other memory as ever.

#include <errno.h>

#include <vector>

#include "exploration.hpp"

namespace model {

alignas(4096) constinit char watched[watched_size] = {};
constinit bool running = false;
constinit std::size_t mapped = 0;

namespace {

std::uint64_t read(const volatile void* address, std::size_t bytes) noexcept {
  switch (bytes) {
    case 1: return *static_cast<const volatile std::uint8_t*>(address);
    case 2: return *static_cast<const volatile std::uint16_t*>(address);
    case 4: return *static_cast<const volatile std::uint32_t*>(address);
    default: return *static_cast<const volatile std::uint64_t*>(address);
  }
}
void write(volatile void* address, std::size_t bytes, std::uint64_t value) noexcept {
  switch (bytes) {
    case 1: *static_cast<volatile std::uint8_t*>(address) = static_cast<std::uint8_t>(value); return;
    case 2: *static_cast<volatile std::uint16_t*>(address) = static_cast<std::uint16_t>(value); return;
    case 4: *static_cast<volatile std::uint32_t*>(address) = static_cast<std::uint32_t>(value); return;
    default: *static_cast<volatile std::uint64_t*>(address) = value;
  }
}

}  // namespace

Order order_of(const volatile void* address, int memory_order) {
  if (memory_order == __ATOMIC_SEQ_CST && watches(address))
    explorer().violated("a sequentially consistent access: not in this model");
  return {memory_order == __ATOMIC_ACQUIRE || memory_order == __ATOMIC_CONSUME || memory_order == __ATOMIC_ACQ_REL,
          memory_order == __ATOMIC_RELEASE || memory_order == __ATOMIC_ACQ_REL};
}

void refuse_fence() {
  if (running) explorer().violated("a fence: not in this model");
}

void watched_access(const void* address, std::size_t bytes, bool writes) {
  explorer().interrupt();
  Aside aside;
  explorer().machine().plain(explorer().current(), address, bytes, writes);
}

std::uint64_t atomic_load(const volatile void* address, std::size_t bytes, Order order) {
  if (!watches(address)) return read(address, bytes);
  Explorer& all = explorer();
  const bool shared = all.enters(address, Machine::Use::load);
  Aside aside;
  Machine& machine = all.machine();
  machine.atomic(all.current(), const_cast<const void*>(address), bytes, true, false);
  if (!shared) return read(address, bytes);
  const std::size_t history = machine.history(const_cast<const void*>(address), read(address, bytes));
  const auto count = static_cast<std::uint32_t>(machine.stores(history).size());
  const std::uint32_t oldest = machine.knowledge(all.current()).of(history);
  const std::uint32_t seen = count - 1 - all.choose(count - oldest);
  machine.see(all.current(), history, seen, order.acquires);
  return machine.stores(history)[seen].value;
}

void atomic_store(volatile void* address, std::size_t bytes, std::uint64_t value, Order order) {
  if (!watches(address)) return write(address, bytes, value);
  Explorer& all = explorer();
  const bool shared = all.enters(address, Machine::Use::store);
  Aside aside;
  Machine& machine = all.machine();
  machine.atomic(all.current(), const_cast<void*>(address), bytes, false, true);
  if (shared)
    machine.append(all.current(), machine.history(const_cast<void*>(address), read(address, bytes)), value, order.releases,
                   nullptr);
  write(address, bytes, value);
}

std::uint64_t atomic_modify(volatile void* address, std::size_t bytes, Order order,
                            std::uint64_t (*change)(std::uint64_t old, std::uint64_t operand), std::uint64_t operand) {
  const bool watched_here = watches(address);
  Explorer& all = explorer();
  const bool shared = watched_here && all.enters(address, Machine::Use::modify);
  const std::uint64_t old = read(address, bytes);
  const std::uint64_t value = change(old, operand);
  if (watched_here) {
    Aside aside;
    Machine& machine = all.machine();
    machine.atomic(all.current(), const_cast<void*>(address), bytes, true, true);
    if (shared) {
      const std::size_t history = machine.history(const_cast<void*>(address), old);
      const auto last = static_cast<std::uint32_t>(machine.stores(history).size()) - 1;
      machine.see(all.current(), history, last, order.acquires);
      const Machine::Store continued = machine.stores(history)[last];
      machine.append(all.current(), history, value, order.releases, &continued);
    }
  }
  write(address, bytes, value);
  return old;
}

bool atomic_compare_exchange(volatile void* address, std::size_t bytes, std::uint64_t& expected, std::uint64_t desired,
                             Order success, Order failure) {
  const bool watched_here = watches(address);
  Explorer& all = explorer();
  const bool shared = watched_here && all.enters(address, Machine::Use::modify);
  const std::uint64_t old = read(address, bytes);
  if (!shared) {
    if (watched_here) {
      Aside aside;
      all.machine().atomic(all.current(), const_cast<void*>(address), bytes, true, old == expected);
    }
    if (old == expected) write(address, bytes, desired);
    if (old == expected) return true;
    expected = old;
    return false;
  }
  Aside aside;
  Machine& machine = all.machine();
  machine.atomic(all.current(), const_cast<void*>(address), bytes, true, old == expected);
  const std::size_t history = machine.history(const_cast<void*>(address), old);
  // Succeeds on the last store only; fails on any that may be seen and has another value.
  const auto last = static_cast<std::uint32_t>(machine.stores(history).size()) - 1;
  std::vector<std::uint32_t> possible;
  for (std::uint32_t i = last + 1; i-- > machine.knowledge(all.current()).of(history);) {
    if (i == last || machine.stores(history)[i].value != expected) possible.push_back(i);
  }
  const std::uint32_t seen = possible[all.choose(static_cast<unsigned>(possible.size()))];
  const Machine::Store store = machine.stores(history)[seen];
  const bool exchanges = store.value == expected;
  machine.see(all.current(), history, seen, exchanges ? success.acquires : failure.acquires);
  if (!exchanges) {
    expected = store.value;
    return false;
  }
  machine.append(all.current(), history, desired, success.releases, &store);
  write(address, bytes, desired);
  return true;
}

void* map(std::size_t size) noexcept {
  const std::size_t whole = (size + 4095) / 4096 * 4096;
  if (whole > watched_size - mapped) return nullptr;
  void* const memory = watched + mapped;
  mapped += whole;
  return memory;
}

int lock(pthread_mutex_t* mutex) {
  Explorer& all = explorer();
  if (all.meets_at(mutex)) all.announce({Operation::Kind::lock, reinterpret_cast<std::uintptr_t>(mutex)});
  Aside aside;
  Mutex& model = all.mutex(mutex);
  if (model.owner >= 0) all.violated("a deadlock");
  model.owner = static_cast<int>(all.current());
  all.machine().knowledge(all.current()).join(model.left);
  return 0;
}

int try_lock(pthread_mutex_t* mutex) {
  Explorer& all = explorer();
  if (all.meets_at(mutex)) all.announce({Operation::Kind::try_lock, reinterpret_cast<std::uintptr_t>(mutex)});
  Aside aside;
  Mutex& model = all.mutex(mutex);
  if (model.owner >= 0) return EBUSY;
  model.owner = static_cast<int>(all.current());
  all.machine().knowledge(all.current()).join(model.left);
  return model.owner_died ? EOWNERDEAD : 0;
}

int unlock(pthread_mutex_t* mutex) {
  Explorer& all = explorer();
  if (all.meets_at(mutex)) all.announce({Operation::Kind::unlock, reinterpret_cast<std::uintptr_t>(mutex)});
  Aside aside;
  Mutex& model = all.mutex(mutex);
  if (model.owner != static_cast<int>(all.current()))
    explorer().violated("a mutex is unlocked by a thread that does not hold it");
  model.owner = -1;
  all.machine().knowledge(all.current()).clock[all.current()] += 1;
  model.left = all.machine().knowledge(all.current());
  return 0;
}

void make_mutex(pthread_mutex_t* mutex) {
  if (!running) return;
  Aside aside;
  explorer().mutex(mutex) = {};
}

void make_consistent(pthread_mutex_t* mutex) {
  Aside aside;
  explorer().mutex(mutex).owner_died = false;
}

void*& thread_specific() noexcept { return explorer().specific(); }

}  // namespace model
