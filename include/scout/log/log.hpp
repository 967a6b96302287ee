#ifndef SCOUT_LOG_LOG_HPP
#define SCOUT_LOG_LOG_HPP

// What the agent says about itself, in categories: scout.config, scout.socket, scout.request, scout.errors, scout.launcher.
// One Logger per installed agent, used by install() and by the collector's thread. Below its level a message costs one
// load; a callback that throws is stopped here.

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "../core/log_level.hpp"

namespace scout::inline v0 {

// Receives the agent's own messages, on any thread; what it throws is swallowed.
using LogCallback = std::function<void(LogLevel level, std::string_view category, std::string_view message)>;

namespace detail {

// Keeps the SIGPIPE of a write on this thread from the program, which would die of it.
class WithoutBrokenPipe {
 public:
  WithoutBrokenPipe() noexcept {
    sigset_t pending;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    was_pending_ = sigpending(&pending) != 0 || sigismember(&pending, SIGPIPE) != 0;  // it is blocked then, and the program's
    if (!was_pending_) pthread_sigmask(SIG_BLOCK, &pipe_, &mask_);
  }
  ~WithoutBrokenPipe() {
    if (was_pending_) return;
    constexpr timespec at_once{};
    while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  WithoutBrokenPipe(const WithoutBrokenPipe&) = delete;
  WithoutBrokenPipe& operator=(const WithoutBrokenPipe&) = delete;

 private:
  sigset_t pipe_, mask_;
  bool was_pending_;
};

}  // namespace detail

// One line on standard error.
inline void log_to_stderr(LogLevel level, std::string_view category, std::string_view message) {
  const std::string line = fmt::format("{}: {}: {}\n", category, log_level_name(level), message);
  const detail::WithoutBrokenPipe guard;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

namespace detail {
// This thread runs a callback. As visible as Logger's functions, so that objects which share those share it.
inline constinit thread_local bool inside_log_callback = false;
}  // namespace detail

// Passes messages of its level and above to a callback. Any thread.
class Logger {
 public:
  explicit Logger(LogLevel level = LogLevel::warning, LogCallback callback = {})
      : level_(level), callback_(callback ? std::move(callback) : LogCallback(log_to_stderr)) {}

  // Whether a message of that level would be passed on.
  bool enabled(LogLevel level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
  }
  // From now on.
  void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }

  void write(LogLevel level, std::string_view category, std::string_view message) const noexcept {
    if (enabled(level)) pass_on([&] { callback_(level, category, message); });
  }

  // At info, whatever the level: only off keeps it back.
  void announce(std::string_view category, std::string_view message) const noexcept {
    if (level_.load(std::memory_order_relaxed) != LogLevel::off) pass_on([&] { callback_(LogLevel::info, category, message); });
  }

  // Whether the caller is called by a callback. The agent may hold locks then.
  static bool is_inside_callback() noexcept { return detail::inside_log_callback; }

  // Formats only what will be seen. What cannot be formatted, for want of memory, is lost.
  template <class... Arguments>
  requires(sizeof...(Arguments) > 0) void write(LogLevel level, std::string_view category,
                                                fmt::format_string<Arguments...> format,
                                                Arguments&&... arguments) const noexcept {
    if (enabled(level)) pass_on([&] { callback_(level, category, fmt::format(format, std::forward<Arguments>(arguments)...)); });
  }

 private:
  template <class Call>
  static void pass_on(Call call) noexcept {
    const bool outer = std::exchange(detail::inside_log_callback, true);
#if __cpp_exceptions
    try {
      call();
    } catch (...) {
    }
#else
    call();
#endif
    detail::inside_log_callback = outer;
  }

  std::atomic<LogLevel> level_;
  LogCallback callback_;
};

// Lets a message that may repeat through at most once a minute; one object per message.
class OncePerMinute {
 public:
  // Of the steady clock.
  using TimePoint = std::chrono::steady_clock::time_point;

  // True: say it now.
  bool due(TimePoint now) noexcept {
    if (said_ && now - last_ < std::chrono::minutes(1)) {
      ++suppressed_;
      return false;
    }
    said_ = true;
    last_ = now;
    return true;
  }

  // How often it was held back since this was last asked.
  std::uint64_t take_suppressed() noexcept { return std::exchange(suppressed_, 0); }

 private:
  TimePoint last_{};
  std::uint64_t suppressed_ = 0;
  bool said_ = false;
};

}  // namespace scout::inline v0

#endif
