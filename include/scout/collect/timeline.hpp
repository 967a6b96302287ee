#ifndef SCOUT_COLLECT_TIMELINE_HPP
#define SCOUT_COLLECT_TIMELINE_HPP

// From ticks to wall time. The collector anchors the process's counter to the clocks of the system at every pass; a time is
// the last anchor's wall time less the ticks since, so that a trace never sees the wall clock jump between its spans.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "../core/clock.hpp"
#include "../core/record.hpp"
#include "../sink/trace.hpp"

namespace scout::inline v0::detail {

struct Anchor {
  std::uint64_t ticks;
  std::int64_t steady;  // nanoseconds
  std::int64_t wall;    // nanoseconds since the epoch

  // The clocks are read one after the other: of three attempts, the one that took least is one that nothing interrupted.
  static Anchor now() noexcept {
    Anchor best{};
    std::uint64_t least = ~std::uint64_t{0};
    for (int attempt = 0; attempt < 3; ++attempt) {
      const std::uint64_t before = read_ticks();
      const auto steady = std::chrono::steady_clock::now().time_since_epoch();
      const auto wall = std::chrono::system_clock::now().time_since_epoch();
      const std::uint64_t taken = read_ticks() - before;
      if (taken >= least) continue;
      least = taken;
      best = {before + taken / 2, std::chrono::nanoseconds(steady).count(), std::chrono::nanoseconds(wall).count()};
    }
    return best;
  }
};

class Timeline {
 public:
  // Ticks of the processor's counter, whose rate is measured from here on.
  Timeline() noexcept : first_(Anchor::now()), last_(first_) {}

  // Ticks that are nanoseconds already, `to_wall` away from the epoch.
  explicit Timeline(std::int64_t to_wall) noexcept : first_{0, 0, to_wall}, last_{0, 0, to_wall}, nanoseconds_per_tick_(1), fixed_(true) {}

  void anchor(Anchor now) noexcept {
    if (fixed_) return;
    if (has_slept_until(now)) first_ = now;  // its rate stays, and is measured anew from here on
    constexpr std::int64_t too_short = 200'000;
    if (now.steady - first_.steady > too_short && now.ticks > first_.ticks) {
      nanoseconds_per_tick_ = static_cast<double>(now.steady - first_.steady) / static_cast<double>(now.ticks - first_.ticks);
      measured_ = true;
    }
    last_ = now;
  }

  // Whether the counter's rate is known. It takes 0.2 ms.
  bool is_measured() const noexcept { return measured_ || fixed_; }

  // The ticks at a time of the steady clock, or of the system's, in nanoseconds. The application may say any time: one that
  // is farther than a century, or than ticks can be counted, is as far as that.
  std::uint64_t ticks_at_steady(std::int64_t steady) const noexcept { return ticks_after_last(steady, last_.steady); }
  std::uint64_t ticks_at_wall(std::int64_t wall) const noexcept { return ticks_after_last(wall, last_.wall); }
  std::uint64_t ticks_at(RecordClock clock, std::uint64_t time) const noexcept {
    switch (clock) {
      case RecordClock::steady: return ticks_at_steady(static_cast<std::int64_t>(time));
      case RecordClock::wall: return ticks_at_wall(static_cast<std::int64_t>(time));
      default: return time;
    }
  }

  // How many ticks some seconds are.
  std::uint64_t ticks_of(double seconds) const noexcept {
    constexpr double too_many = 1e19;
    const double ticks = seconds * 1e9 / nanoseconds_per_tick_;
    return ticks < too_many ? static_cast<std::uint64_t>(ticks) : ~std::uint64_t{0};
  }

  Time at(std::uint64_t ticks) const noexcept {
    const auto since = static_cast<std::int64_t>(ticks - last_.ticks);
    if (fixed_) return Time(std::chrono::nanoseconds(last_.wall + since));
    constexpr auto farthest = static_cast<double>(century);  // also of what was counted before the rate was known
    const double nanoseconds = std::clamp(static_cast<double>(since) * nanoseconds_per_tick_, -farthest, farthest);
    return Time(std::chrono::nanoseconds(last_.wall + static_cast<std::int64_t>(nanoseconds)));
  }

 private:
  static constexpr std::int64_t century = 3'155'760'000'000'000'000;

  // The computer was suspended: the steady clock stands still then, but the counter goes on, or begins anew.
  bool has_slept_until(Anchor now) const noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    if (now.ticks < last_.ticks) return true;
    if (last_.steady - first_.steady < second) return false;  // the rate is not well known
    const auto expected = static_cast<double>(now.ticks - last_.ticks) * nanoseconds_per_tick_;
    const auto passed = static_cast<double>(now.steady - last_.steady);
    return std::abs(passed - expected) > second + passed / 100;
  }

  std::uint64_t ticks_after_last(std::int64_t time, std::int64_t last) const noexcept {
    constexpr double countable = 8e18;
    std::int64_t since = 0;
    if (__builtin_sub_overflow(time, last, &since)) since = time < last ? -century : century;
    since = std::clamp(since, -century, century);
    const double ticks = std::clamp(static_cast<double>(since) / nanoseconds_per_tick_, -countable, countable);
    return last_.ticks + static_cast<std::uint64_t>(fixed_ ? since : static_cast<std::int64_t>(ticks));
  }

  Anchor first_, last_;
  double nanoseconds_per_tick_ = 0.4;  // until it is measured
  bool measured_ = false, fixed_ = false;
};

}  // namespace scout::inline v0::detail

#endif
