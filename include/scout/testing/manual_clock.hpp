#ifndef SCOUT_TESTING_MANUAL_CLOCK_HPP
#define SCOUT_TESTING_MANUAL_CLOCK_HPP

// A clock that stands still until a test moves it, for exact times in a Recording. Any thread.

#include <atomic>
#include <chrono>

#include "../agent/clock_source.hpp"

namespace scout::inline v0::testing {

class ManualClock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::seconds(1'700'000'000))) : now_(start.time_since_epoch().count()) {}
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;

  // Stands still between two calls of advance(). Any thread.
  Time now() const noexcept { return Time(std::chrono::nanoseconds(now_.load())); }
  void advance(std::chrono::nanoseconds by) noexcept { now_ += by.count(); }

 private:
  friend class Recording;
  detail::SlowClock source() noexcept {
    return {[](void* self) noexcept { return static_cast<std::uint64_t>(static_cast<ManualClock*>(self)->now_.load()); }, this, 0};
  }

  std::atomic<std::int64_t> now_;
};

}  // namespace scout::inline v0::testing

#endif
