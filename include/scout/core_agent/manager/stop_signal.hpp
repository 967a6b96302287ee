#ifndef SCOUT_CORE_AGENT_MANAGER_STOP_SIGNAL_HPP
#define SCOUT_CORE_AGENT_MANAGER_STOP_SIGNAL_HPP

// Tells work on another thread to end. What waits for something else looks at it every poll_interval.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "../../core/error.hpp"

namespace scout::inline v0 {

class StopSignal {
 public:
  // What pauses are measured with.
  using Clock = std::chrono::steady_clock;
  // How often who cannot wait for the signal looks whether it is raised.
  static constexpr std::chrono::milliseconds poll_interval{50};

  // For good. Any thread.
  void raise() noexcept {
    {
      std::lock_guard lock(mutex_);
      raised_.store(true, std::memory_order_release);
    }
    changed_.notify_all();
  }
  // Any thread, never waits.
  bool raised() const noexcept { return raised_.load(std::memory_order_acquire); }

  // False: raised before the time was over.
  bool pause(Clock::duration time) const {
    std::unique_lock lock(mutex_);
    return !changed_.wait_until(lock, Clock::now() + time, [this] { return raised(); });
  }

  // What a step returns that ended because of it.
  static Error error() { return {ErrorCode::closed, "stopped"}; }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::atomic<bool> raised_ = false;
};

}  // namespace scout::inline v0

#endif
