#ifndef SCOUT_CORE_AGENT_MANAGER_MANAGER_THREAD_HPP
#define SCOUT_CORE_AGENT_MANAGER_MANAGER_THREAD_HPP

// The thread that looks after the core agent while the agent is installed: ensures that one runs, asks it every few seconds
// whether it still does, launches it again when it does not, with pauses that grow. A forked child has no such thread, and
// launches none until it calls install() itself; even then its own thread may get nowhere when the fork came while this one was
// inside a library that holds a lock, as at the beginning of a download.

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "../../collect/thread_start.hpp"
#include "../../core/guarded.hpp"
#include "core_agent_manager.hpp"

namespace scout::inline v0::detail {

class ManagerThread;

// The one that the process has; of the process that made it.
struct CurrentManager {
  std::atomic<ManagerThread*> thread = nullptr;
  std::atomic<pid_t> process = 0;
  std::atomic<bool> ends_at_exit = false;
};
[[gnu::visibility("hidden")]] inline constinit CurrentManager current_manager{};

class ManagerThread {
 public:
  using Clock = StopSignal::Clock;

  explicit ManagerThread(const FinalConfig& config) : logger_(config.log_level, config.log_callback), manager_(config, logger_) {}

  // False: no thread can be had.
  bool start() noexcept {
    pthread_t thread;
    const auto run_manager = [](void* self) -> void* {
      static_cast<ManagerThread*>(self)->run();
      return nullptr;
    };
    if (start_thread(thread, run_manager, this) != 0) return false;
    pthread_detach(thread);
    return true;
  }

  // Waits until the thread has done its last, `patience` at most. False: it still lives, and *this must.
  bool stop(std::chrono::milliseconds patience) {
    manager_.stop_signal().raise();
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, Clock::now() + patience, [this] { return done_; })) {
      logger_.set_level(LogLevel::off);
      return false;
    }
    return true;
  }

 private:
  static constexpr std::chrono::milliseconds exit_patience{2000};
  static constexpr std::chrono::seconds watch_interval{5}, healthy_time{60};
  static constexpr std::chrono::milliseconds first_pause{500}, last_pause{300'000};

  // Libraries clear their tables when the process exits, whoever is using them. That runs backwards: what they have registered by
  // now comes after this thread's end.
  static void end_before_libraries() {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)parse_manifest("{}");
    (void)Sha256().digits();
    if (current_manager.ends_at_exit.exchange(true)) return;
    std::atexit([] {
      ManagerThread* const thread = current_manager.thread;
      if (thread != nullptr && current_manager.process == ::getpid()) thread->stop(exit_patience);
    });
  }

  void run() {
    pthread_setname_np(pthread_self(), "scout-launcher");
    guarded([this] { look_after(); });
    forget_openssl_of_thread();
    std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();  // under the lock: *this may be gone after it
  }

  void look_after() {
    end_before_libraries();
    const StopSignal& stop = manager_.stop_signal();
    auto pause = first_pause;
    std::optional<LaunchedProcess> child;
    while (!stop.raised()) {
      auto agent = manager_.ensure();
      const auto since = Clock::now();
      if (agent) {
        if (agent->process) child = std::move(agent->process);
        watch(child);
        if (Clock::now() - since > healthy_time) pause = first_pause;
      } else if (!stop.raised()) {
        const bool final = agent.error().code == ErrorCode::invalid_argument;  // the configuration does not change
        logger_.write(agent.error().message == last_failure_ ? LogLevel::debug : LogLevel::warning, "scout.launcher",
                      "no core agent: {}{}", agent.error().message,
                      final ? "" : fmt::format("; trying again in {} s", static_cast<double>(pause.count()) / 1000));
        if (final) return;
        last_failure_ = agent.error().message;
      }
      if (!stop.pause(pause)) return;
      pause = std::min(2 * pause, last_pause);
    }
  }

  // Until it does not answer any more.
  void watch(std::optional<LaunchedProcess>& child) {
    last_failure_.clear();
    for (;;) {
      if (!manager_.stop_signal().pause(watch_interval)) return;
      if (child) (void)child->ended();
      const auto version = manager_.probe();
      if (version || manager_.stop_signal().raised()) continue;
      if (version.error().code == ErrorCode::timed_out) continue;  // busy, or stopped: not gone
      logger_.write(LogLevel::warning, "scout.launcher", "the core agent does not answer any more: {}", version.error().message);
      return;
    }
  }

  Logger logger_;
  CoreAgentManager manager_;
  std::string last_failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace scout::inline v0::detail

#endif
