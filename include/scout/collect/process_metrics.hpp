#ifndef SCOUT_COLLECT_PROCESS_METRICS_HPP
#define SCOUT_COLLECT_PROCESS_METRICS_HPP

// The process's CPU time and resident memory, from the system. Collector's thread.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace scout::inline v0::detail {

// Bytes; 0 where /proc cannot be read.
inline std::int64_t resident_memory() noexcept {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[128];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (size <= 0) return 0;
  text[size] = '\0';
  char* after_total = nullptr;
  std::strtoll(text, &after_total, 10);
  return std::strtoll(after_total, nullptr, 10) * ::sysconf(_SC_PAGESIZE);
}

// CPU use between two looks, in percent of all processors, as Scout's Python agent defines it. The first look spans the
// time since the process began to be watched.
class CpuMeter {
 public:
  using Clock = std::chrono::steady_clock;

  explicit CpuMeter(Clock::time_point now) noexcept : last_time_(now), last_used_(used()) {}

  // Nothing when a clock went backwards or no time has passed.
  std::optional<double> sample(Clock::time_point now) noexcept {
    const auto current = used();
    const auto wall = now - last_time_;
    const auto cpu = current - last_used_;
    last_time_ = now;
    last_used_ = current;
    if (wall <= Clock::duration::zero() || cpu < std::chrono::microseconds::zero()) return std::nullopt;
    const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
    const std::chrono::duration<double> seconds = wall;
    return std::chrono::duration<double>(cpu).count() / (seconds.count() * static_cast<double>(processors > 0 ? processors : 1)) * 100;
  }

 private:
  static std::chrono::microseconds used() noexcept {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  }

  Clock::time_point last_time_;
  std::chrono::microseconds last_used_;
};

}  // namespace scout::inline v0::detail

#endif
