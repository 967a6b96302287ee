#ifndef SCOUT_COLLECT_THREAD_PLACEMENT_HPP
#define SCOUT_COLLECT_THREAD_PLACEMENT_HPP

// Where the collector's thread runs, and before whom. A thread has the processors and the priority of the one that starts it,
// here of whichever began the first transaction: a worker, perhaps, that has bound itself to a processor, or is a real-time one.

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <string_view>

namespace scout::inline v0::detail {

// Whether system calls of this thread are filtered, or it cannot be said: a filter may end the process for a call that it does
// not expect.
inline bool has_system_call_filter() noexcept {
  const int file = ::open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  char text[4096];
  const ssize_t size = ::read(file, text, sizeof text);
  ::close(file);
  return size <= 0 || std::string_view(text, static_cast<std::size_t>(size)).find("\nSeccomp:\t0\n") == std::string_view::npos;
}

// Unknown until it is asked for.
class ThreadPlacement {
 public:
  // Stays unknown under a filter.
  static ThreadPlacement of_this_thread() noexcept {
    ThreadPlacement found;
    if (has_system_call_filter()) return found;
    found.knows_processors_ = ::sched_getaffinity(0, sizeof found.processors_, &found.processors_) == 0;
    if (::sched_getparam(0, &found.parameters_) == 0) found.policy_ = ::sched_getscheduler(0);
    return found;
  }

  // Gives it to the calling thread, as far as that is allowed; never fewer processors than it has. What may not be, stays.
  void adopt() const noexcept {
    const ThreadPlacement own = of_this_thread();
    if (knows_processors_ && own.knows_processors_ && own.has_fewer_processors(*this))
      ::sched_setaffinity(0, sizeof processors_, &processors_);
    if (policy_ < 0 || own.policy_ < 0) return;
    if (policy_ != own.policy_ || parameters_.sched_priority != own.parameters_.sched_priority)
      ::sched_setscheduler(0, policy_, &parameters_);
  }

 private:
  bool has_fewer_processors(const ThreadPlacement& other) const noexcept {
    cpu_set_t both;
    CPU_AND(&both, &processors_, &other.processors_);
    return CPU_EQUAL(&both, &processors_) && !CPU_EQUAL(&processors_, &other.processors_);
  }

  cpu_set_t processors_{};
  bool knows_processors_ = false;
  int policy_ = -1;  // not known
  sched_param parameters_{};
};

}  // namespace scout::inline v0::detail

#endif
