#ifndef SCOUT_COLLECT_LOCK_UNTIL_HPP
#define SCOUT_COLLECT_LOCK_UNTIL_HPP

// A mutex by a deadline.

#include <unistd.h>

#include <chrono>
#include <mutex>

#include "../sink/sink.hpp"

namespace scout::inline v0::detail {

// False: somebody else had it until then. By trying, twice a millisecond: gcc 12's thread sanitizer does not know what
// std::timed_mutex calls.
inline bool lock_until(std::unique_lock<std::mutex>& lock, Deadline deadline) noexcept {
  while (!lock.try_lock()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    ::usleep(500);
  }
  return true;
}

}  // namespace scout::inline v0::detail

#endif
