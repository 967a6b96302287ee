#ifndef SCOUT_MODEL_CHECK_EXPLORATION_HPP
#define SCOUT_MODEL_CHECK_EXPLORATION_HPP

// The search through the executions of a scenario: depth first, each begun anew and led back along the choices taken.

#include <pthread.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "explorer.hpp"
#include "machine.hpp"
#include "running.hpp"

namespace model {

// What a thread does next. Operations on different places, and loads, change places without anybody seeing it.
struct Operation {
  enum class Kind : std::uint8_t { none, load, store, lock, try_lock, unlock, end, barrier } kind = Kind::none;
  std::uintptr_t place = 0;

  bool on_mutex() const noexcept {
    return kind == Kind::lock || kind == Kind::try_lock || kind == Kind::unlock || kind == Kind::end;
  }
  friend bool commute(const Operation& one, const Operation& other) noexcept {
    if (one.kind == Kind::none || other.kind == Kind::none) return true;
    if (one.kind == Kind::barrier || other.kind == Kind::barrier) return false;
    if (one.kind == Kind::end || other.kind == Kind::end) {  // of a thread that holds a robust mutex; place 0: several
      return !one.on_mutex() || !other.on_mutex() || (one.place != 0 && other.place != 0 && one.place != other.place);
    }
    return one.place != other.place || (one.kind == Kind::load && other.kind == Kind::load);
  }
};

// A point of an execution where it could go on in several ways.
struct Choice {
  bool of_thread = true;
  unsigned taken = 0;
  unsigned count = 0;                              // of values
  unsigned enabled = 0, asleep = 0, finished = 0;  // threads, as bits; asleep or finished: seen already
  Operation next[thread_limit] = {};
};

struct Mutex {
  int owner = -1;
  bool owner_died = false;
  Knowledge left;
};

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  Operation next;
  bool ended = true;
  void* specific = nullptr;
  void* word = nullptr;
};

// Where a scenario is: the choices that led there, and what each thread is about to do.
class Explorer {
 public:
  Explorer() : machine_(watched, watched_size) {
    machine_.violated = [this](const std::string& what) { violated(what); };
  }

  Outcome explore(const Scenario& scenario);

  [[noreturn]] void violated(const std::string& what);
  // Before each operation whose order matters; returns when it is this thread's turn.
  void announce(Operation operation);
  // One of `count` ways, 0 first.
  unsigned choose(unsigned count);
  // Before each access, plain or atomic: runs the signal handler here, or leaves it for later.
  void interrupt();
  // True: other threads are at this place too. Announced unless it is the only writer's store: what others do at the place
  // meanwhile are loads, and a load that comes later may see the older store as well. A barrier takes that away.
  bool enters(const volatile void* address, Machine::Use use);
  bool meets_at(const pthread_mutex_t* mutex);
  void pass_barrier();

  Machine& machine() noexcept { return machine_; }
  unsigned current() const noexcept { return current_; }
  Mutex& mutex(const pthread_mutex_t* at) { return mutexes_[reinterpret_cast<std::uintptr_t>(at)]; }
  void*& specific() noexcept { return fibers_[current_].specific; }
  std::uint64_t tick() noexcept { return ++now_; }
  void set_thread_local_word(void** word) noexcept { word_ = word; }

 private:
  static constexpr std::size_t stack_size = 512 * 1024;
  static constexpr unsigned longest = 20'000;  // atomic operations of an execution, before it counts as endless

  static void run_fiber();
  void execute(const Scenario& scenario);
  bool is_enabled(unsigned thread);
  unsigned pick();
  void switch_to(unsigned thread);
  bool backtrack();
  std::string story() const;

  Machine machine_;
  const Scenario* scenario_ = nullptr;
  Fiber fibers_[thread_limit];  // 0: who explores
  unsigned thread_count_ = 0, current_ = 0;
  void** word_ = nullptr;  // of set_thread_local_word()
  std::vector<Choice> path_;
  std::size_t position_ = 0;
  unsigned asleep_ = 0;
  bool draining_ = false;     // what goes on has been seen
  bool restart_ = false;      // something was found that earlier executions should have known
  bool has_barrier_ = false;  // the scenario
  bool interrupted_ = false;
  std::map<std::uintptr_t, Mutex> mutexes_;
  std::string violation_;
  bool abandoned_ = false;
  unsigned steps_ = 0;
  std::uint64_t now_ = 0;
  std::vector<std::pair<unsigned, Operation>> done_;
};

Explorer& explorer();

// The explorer's own work, in between.
class Aside {
 public:
  Aside() noexcept { running = false; }
  ~Aside() { running = true; }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
};

}  // namespace model

#endif
