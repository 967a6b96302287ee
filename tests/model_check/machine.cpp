#include "machine.hpp"

#include <algorithm>
#include <cstring>

namespace model {

void Knowledge::join(const Knowledge& other) {
  for (unsigned i = 0; i < thread_limit; ++i) clock[i] = std::max(clock[i], other.clock[i]);
  if (seen.size() < other.seen.size()) seen.resize(other.seen.size());
  for (std::size_t i = 0; i < other.seen.size(); ++i) seen[i] = std::max(seen[i], other.seen[i]);
}

void Knowledge::know(std::size_t history, std::uint32_t store) {
  if (seen.size() <= history) seen.resize(history + 1);
  seen[history] = std::max(seen[history], store);
}

void Machine::begin_exploration() {
  for (const std::uint32_t place : met_) accesses_[place] = {};
  met_.clear();
}

void Machine::begin_execution() {
  histories_.clear();
  for (Knowledge& known : known_) {
    known.clock = {};
    known.seen.clear();
  }
}

void Machine::end_execution() {
  for (const Cell& cell : cells_) {
    std::memcpy(memory_ + cell.place * granule, &cell.original, granule);
    cells_of_[cell.place] = 0;
  }
  cells_.clear();
}

Machine::Cell& Machine::cell(std::uint32_t place) {
  std::uint32_t& index = cells_of_[place];
  if (index == 0) {
    cells_.emplace_back();
    Cell& cell = cells_.back();
    cell.place = place;
    std::memcpy(&cell.original, memory_ + place * granule, granule);
    index = static_cast<std::uint32_t>(cells_.size());
  }
  return cells_[index - 1];
}

Machine::Meeting Machine::meeting(std::uint32_t place, unsigned thread, Use use, bool& newly) noexcept {
  Accesses& accesses = accesses_[place];
  const auto found = [&] {
    const unsigned all = accesses.readers | accesses.writers;
    if (accesses.writers == 0 || (all & (all - 1)) == 0) return Meeting::none;
    return accesses.modified || (accesses.writers & (accesses.writers - 1)) != 0 ? Meeting::several_writers : Meeting::one_writer;
  };
  const Meeting before = found();
  if (thread == 0) return before;
  if ((accesses.readers | accesses.writers) == 0) met_.push_back(place);
  (use == Use::load ? accesses.readers : accesses.writers) |= static_cast<std::uint8_t>(1u << thread);
  accesses.modified |= use == Use::modify;
  newly |= found() != before;
  return found();
}

void Machine::check(unsigned thread, const Cell& cell, Access mine, Access other) {
  constexpr const char* names[] = {"reads", "writes", "reads atomically", "writes atomically"};
  const Clock& last = cell.last[static_cast<std::size_t>(other)];
  for (unsigned i = 0; i < thread_limit; ++i) {
    if (i == thread || last[i] <= known_[thread].clock[i]) continue;
    violated("a data race: thread " + std::to_string(thread) + ' ' + names[static_cast<std::size_t>(mine)] + " what thread " +
             std::to_string(i) + ' ' + names[static_cast<std::size_t>(other)] + ", at " + std::to_string(cell.place * granule));
  }
}

void Machine::plain(unsigned thread, const void* address, std::size_t bytes, bool writes) {
  const std::uint32_t now = ++known_[thread].clock[thread];
  const auto begin = static_cast<std::size_t>(static_cast<const char*>(address) - memory_);
  for (std::size_t i = begin / granule; i <= (begin + bytes - 1) / granule; ++i) {
    Cell& cell = this->cell(static_cast<std::uint32_t>(i));
    const Access mine = writes ? Access::plain_write : Access::plain_read;
    check(thread, cell, mine, Access::plain_write);
    check(thread, cell, mine, Access::atomic_write);
    if (writes) {
      check(thread, cell, mine, Access::plain_read);
      check(thread, cell, mine, Access::atomic_read);
      cell.history = -1;
    }
    cell.last[static_cast<std::size_t>(mine)][thread] = now;
  }
}

void Machine::atomic(unsigned thread, const void* address, std::size_t bytes, bool reads, bool writes) {
  const std::uint32_t now = ++known_[thread].clock[thread];
  const std::uint32_t begin = place(address);
  for (std::size_t i = 0; i < (bytes + granule - 1) / granule; ++i) {
    Cell& cell = this->cell(begin + static_cast<std::uint32_t>(i));
    const Access mine = writes ? Access::atomic_write : Access::atomic_read;
    check(thread, cell, mine, Access::plain_write);
    if (writes) check(thread, cell, mine, Access::plain_read);
    if (reads) cell.last[static_cast<std::size_t>(Access::atomic_read)][thread] = now;
    if (writes) cell.last[static_cast<std::size_t>(Access::atomic_write)][thread] = now;
  }
}

std::size_t Machine::history(const void* address, std::uint64_t value_in_memory) {
  Cell& cell = this->cell(place(address));
  if (cell.history < 0) {
    cell.history = static_cast<std::int32_t>(histories_.size());
    histories_.push_back({{{value_in_memory, false, {}}}});
  }
  return static_cast<std::size_t>(cell.history);
}

void Machine::append(unsigned thread, std::size_t history, std::uint64_t value, bool releases, const Store* continued) {
  Store store{value, releases || (continued != nullptr && continued->releases), {}};
  if (continued != nullptr && continued->releases) store.message = continued->message;
  auto& stores = histories_[history].stores;
  known_[thread].know(history, static_cast<std::uint32_t>(stores.size()));
  if (releases) store.message.join(known_[thread]);
  stores.push_back(std::move(store));
}

void Machine::see(unsigned thread, std::size_t history, std::uint32_t index, bool acquires) {
  const Store& store = histories_[history].stores[index];
  known_[thread].know(history, index);
  if (acquires && store.releases) known_[thread].join(store.message);
}

}  // namespace model
