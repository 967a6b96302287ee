#ifndef SCOUT_MODEL_CHECK_MACHINE_HPP
#define SCOUT_MODEL_CHECK_MACHINE_HPP

// The memory that is watched, and what each thread knows of it: vector clocks for what happened before, and for each atomic
// place the oldest store that may still be seen.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace model {

inline constexpr unsigned thread_limit = 5;  // with thread 0, which sets up and judges

using Clock = std::array<std::uint32_t, thread_limit>;

struct Knowledge {
  Clock clock{};
  std::vector<std::uint32_t> seen;  // by history: the newest store known of

  void join(const Knowledge& other);
  std::uint32_t of(std::size_t history) const noexcept { return history < seen.size() ? seen[history] : 0; }
  void know(std::size_t history, std::uint32_t store);
};

enum class Access : std::uint8_t { plain_read, plain_write, atomic_read, atomic_write };

class Machine {
 public:
  static constexpr std::size_t granule = 4;

  Machine(char* memory, std::size_t size) : memory_(memory), cells_of_(size / granule), accesses_(size / granule) {}

  // Called with what is wrong, and does not return.
  std::function<void(const std::string&)> violated;

  void begin_exploration();
  void begin_execution();
  void end_execution();

  std::uint32_t place(const void* address) const noexcept {
    return static_cast<std::uint32_t>((static_cast<const char*>(address) - memory_) / static_cast<std::ptrdiff_t>(granule));
  }

  // How the threads other than 0 meet at a place, as far as is known. `newly`: this access has changed it.
  enum class Meeting : std::uint8_t {
    none,        // one thread only, or all of them read
    one_writer,  // which does nothing but store
    several_writers,
  };
  enum class Use : std::uint8_t { load, store, modify };
  Meeting meeting(std::uint32_t place, unsigned thread, Use use, bool& newly) noexcept;

  bool is_writer(std::uint32_t place, unsigned thread) const noexcept { return (accesses_[place].writers >> thread & 1) != 0; }

  void plain(unsigned thread, const void* address, std::size_t bytes, bool writes);
  void atomic(unsigned thread, const void* address, std::size_t bytes, bool reads, bool writes);

  // The stores of a shared place, as values with what they release.
  struct Store {
    std::uint64_t value;
    bool releases;
    Knowledge message;
  };
  struct History {
    std::vector<Store> stores;
  };
  std::size_t history(const void* address, std::uint64_t value_in_memory);
  std::vector<Store>& stores(std::size_t history) noexcept { return histories_[history].stores; }
  Knowledge& knowledge(unsigned thread) noexcept { return known_[thread]; }
  void append(unsigned thread, std::size_t history, std::uint64_t value, bool releases, const Store* continued);
  void see(unsigned thread, std::size_t history, std::uint32_t store, bool acquires);

 private:
  struct Cell {
    std::uint32_t place, original;
    std::int32_t history = -1;
    std::array<Clock, 4> last{};  // by Access: each thread's clock at its last one
  };
  struct Accesses {
    std::uint8_t readers = 0, writers = 0;  // bits of threads
    bool modified = false;
  };

  Cell& cell(std::uint32_t place);
  void check(unsigned thread, const Cell& cell, Access mine, Access other);

  char* memory_;
  std::vector<std::uint32_t> cells_of_;  // by place: 1 + index in cells_; 0: untouched in this execution
  std::vector<Cell> cells_;
  std::vector<Accesses> accesses_;
  std::vector<std::uint32_t> met_;
  std::vector<History> histories_;
  std::array<Knowledge, thread_limit> known_;
};

}  // namespace model

#endif
