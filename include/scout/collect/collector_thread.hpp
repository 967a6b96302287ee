#ifndef SCOUT_COLLECT_COLLECTOR_THREAD_HPP
#define SCOUT_COLLECT_COLLECTOR_THREAD_HPP

// The one background thread: named "scout", no signals, started by the first transaction or flush. It looks at the rings
// every 25 to 400 ms while transactions come, sooner when rings fill, and sleeps until it is woken when they do not. Where no
// thread can be had, flush() and stop() do its work on the calling thread.

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "../core/guarded.hpp"
#include "collector.hpp"
#include "lock_until.hpp"
#include "thread_placement.hpp"
#include "thread_start.hpp"

namespace scout::inline v0::detail {

class CollectorThread {
 public:
  using Clock = std::chrono::steady_clock;

  // The thread runs where the placement says, whoever starts it.
  CollectorThread(Registry& registry, Collector& collector, const ThreadPlacement& placement = {})
      : registry_(registry), collector_(collector), placement_(placement) {
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  }

  // Any thread, off the hot path: there is work.
  void wake() noexcept {
    __atomic_store_n(&registry_.process->sleeping, 0u, __ATOMIC_RELAXED);
    if (!running_.load(std::memory_order_acquire)) start();
    signal_.fetch_add(1, std::memory_order_release);
    syscall(SYS_futex, &signal_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }

  // True: everything that was recorded before the call is delivered or counted, as it is after stop().
  bool flush(Deadline deadline) {
    if (!hand_over(Request::flush, deadline)) {
      std::unique_lock lock(collector_lock_, std::defer_lock);
      return !is_current() && lock_until(lock, deadline) && (has_finished_ || flush_now(deadline));
    }
    std::unique_lock lock(request_lock_);
    const std::uint64_t mine = requested_;
    answered_.wait_until(lock, deadline, [&] { return done_ >= mine; });
    return done_ >= mine && flushed_;
  }

  // Drains until the deadline, gives up the rest, ends the thread. False: the sink did not return, the thread still lives.
  bool stop(Deadline deadline) {
    if (!hand_over(Request::stop, deadline)) {
      std::unique_lock lock(collector_lock_, std::defer_lock);
      if (is_current() || !lock_until(lock, deadline)) return false;
      finish(deadline);
      return true;
    }
    std::unique_lock lock(request_lock_);
    constexpr std::chrono::milliseconds grace{500};  // for a sink that is slow to notice the deadline
    const bool ended = answered_.wait_until(lock, deadline + grace, [&] { return !running_.load(std::memory_order_relaxed); });
    lock.unlock();
    ended ? pthread_join(thread_, nullptr) : pthread_detach(thread_);
    return ended;
  }

  template <class Work>
  auto with_collector(Work work) {
    std::lock_guard lock(collector_lock_);
    return work(collector_);
  }
  // nullopt: somebody was at work until the deadline.
  template <class Work>
  std::optional<std::invoke_result_t<Work, Collector&>> with_collector(Deadline deadline, Work work) {
    std::unique_lock lock(collector_lock_, std::defer_lock);
    if (!lock_until(lock, deadline)) return std::nullopt;
    return work(collector_);
  }

  bool is_running() const noexcept { return running_.load(std::memory_order_acquire); }
  bool is_current() const noexcept { return is_running() && pthread_equal(thread_, pthread_self()); }

  // A full ring loses spans: the fuller it was, and the sooner, the sooner the next look. Answers are another matter: they
  // come within service_wait, or late; while little happens they wait for the next look.
  static std::chrono::microseconds next_wait(std::chrono::microseconds wait, Clock::duration since_last_look,
                                             const Collector::Pass& found) noexcept {
    constexpr double aim = 0.2;  // of a ring
    if (found.fullest > 2 * aim) return {};  // it fills faster than it is read
    const std::chrono::duration<double, std::micro> filled_in = std::min<Clock::duration>(wait, since_last_look);
    const auto next = found.fullest > aim / 2 ? filled_in * (aim / found.fullest) : wait * 2.0;
    return std::clamp(std::chrono::duration_cast<std::chrono::microseconds>(next), shortest_wait, longest_wait);
  }

 private:
  enum class Request { none, flush, stop };

  static constexpr std::chrono::microseconds first_wait{25'000}, longest_wait{400'000}, shortest_wait{50}, service_wait{2'000};
  static constexpr std::chrono::milliseconds absent_wait{250};  // nothing comes in, and the other side does not answer
  static constexpr std::chrono::seconds awake_after_work{1};

  bool start() noexcept {
    std::unique_lock lock(request_lock_, std::try_to_lock);
    if (!lock.owns_lock()) return true;  // somebody else is at it
    return start_locked();
  }

  bool start_locked() noexcept {
    if (running_.load(std::memory_order_acquire)) return true;
    if (stopped_) return false;  // a late wake(), of stop() itself or of a transaction that began before it
    running_.store(true, std::memory_order_release);
    const auto run_collector = [](void* self) -> void* {
      static_cast<CollectorThread*>(self)->run();
      return nullptr;
    };
    if (start_thread(thread_, run_collector, this) == 0) return true;
    running_.store(false, std::memory_order_release);
    __atomic_store_n(&registry_.process->sleeping, 1u, __ATOMIC_RELAXED);  // the next transaction tries again
    return false;
  }

  // False: there is no thread to do it, or this is the thread.
  bool hand_over(Request request, Deadline deadline) {
    if (is_current()) return false;
    {
      std::lock_guard lock(request_lock_);
      stopped_ = stopped_ || request == Request::stop;
      if (request == Request::flush ? !start_locked() : !running_.load(std::memory_order_acquire)) return false;
      if (request_ != Request::stop) request_ = request;
      request_deadline_ = std::max(deadline, request_deadline_);
      ++requested_;
    }
    wake();
    return true;
  }

  void run() {
    pthread_setname_np(pthread_self(), "scout");
    placement_.adopt();
    Clock::time_point quiet_since = Clock::now(), looked_at = quiet_since, metrics_due{};
    std::chrono::microseconds wait = first_wait;
    for (;;) {
      const std::uint32_t seen = signal_.load(std::memory_order_acquire);
      Collector::Pass found;
      {
        std::lock_guard lock(collector_lock_);
        guarded([&] {
          introduce();
          collector_.send_due_metrics();  // before the look that sends them
          found = collector_.pass();
          collector_.report_losses();
        });
        metrics_due = collector_.metrics_due();
      }
      if (serve_requests()) return;
      const Clock::time_point now = Clock::now();
      if (found.active || found.sends_on) quiet_since = now;
      wait = next_wait(wait, now - std::exchange(looked_at, now), found);
      if (now - quiet_since > awake_after_work) {
        const auto longest =
            Clock::now() + (found.outstanding ? Clock::duration(absent_wait) : Clock::duration(Collector::metrics_interval));
        sleep(seen, metrics_due > Clock::now() ? std::min(metrics_due, longest) : longest);
        wait = first_wait;
      } else {
        const bool answers_are_due = found.outstanding && found.progressed && wait < longest_wait;
        wait_for_signal(seen, answers_are_due || found.sends_on ? std::min(wait, service_wait) : wait);
      }
    }
  }

  // True: the thread is to end.
  bool serve_requests() {
    Request request;
    Deadline deadline;
    std::uint64_t serving;
    {
      std::lock_guard lock(request_lock_);
      request = std::exchange(request_, Request::none);
      deadline = std::exchange(request_deadline_, Deadline{});
      serving = requested_;
    }
    if (request == Request::none) return false;
    bool flushed = false;
    {
      std::lock_guard lock(collector_lock_);
      request == Request::stop ? finish(deadline) : void(flushed = flush_now(deadline));
    }
    std::lock_guard lock(request_lock_);
    flushed_ = flushed;
    done_ = serving;
    if (request == Request::stop) running_.store(false, std::memory_order_release);
    answered_.notify_all();
    return request == Request::stop;
  }

  void introduce() {
    if (introduced_) return;
    collector_.send_metadata();
    introduced_ = true;
  }

  bool flush_now(Deadline deadline) {
    bool flushed = false;
    guarded([&] {
      introduce();
      flushed = collector_.flush(deadline).has_value();
    });
    return flushed;
  }

  void finish(Deadline deadline) {
    (void)flush_now(deadline);  // what is not settled by then is counted below
    guarded([&] { collector_.abandon(Reason::shutdown); });
    guarded([&] { collector_.leave_sink(); });
    has_finished_ = true;
  }

  // Whoever starts a transaction after the barrier sees the flag; whoever did before is seen here.
  void sleep(std::uint32_t seen, Clock::time_point until) {
    __atomic_store_n(&registry_.process->sleeping, 1u, __ATOMIC_RELAXED);
    const bool ordered = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    if (!collector_.any_live()) {
      const auto time = std::chrono::duration_cast<std::chrono::microseconds>(until - Clock::now());
      wait_for_signal(seen, ordered ? std::max(time, longest_wait) : longest_wait);
    }
    __atomic_store_n(&registry_.process->sleeping, 0u, __ATOMIC_RELAXED);
  }

  void wait_for_signal(std::uint32_t seen, std::chrono::microseconds time) noexcept {
    timespec timeout{};
    timeout.tv_sec = time.count() / 1'000'000;
    timeout.tv_nsec = time.count() % 1'000'000 * 1000;
    syscall(SYS_futex, &signal_, FUTEX_WAIT_PRIVATE, seen, &timeout, nullptr, 0);
  }

  Registry& registry_;
  Collector& collector_;
  const ThreadPlacement placement_;
  std::mutex collector_lock_;  // one user of the collector at a time
  std::atomic<std::uint32_t> signal_ = 0;
  std::atomic<bool> running_ = false;
  pthread_t thread_{};
  bool introduced_ = false;  // the sink knows what this process is
  bool has_finished_ = false;

  std::mutex request_lock_;
  std::condition_variable answered_;
  Request request_ = Request::none;
  Deadline request_deadline_{};
  std::uint64_t requested_ = 0, done_ = 0;
  bool flushed_ = false;
  bool stopped_ = false;  // for good: the next installation has a thread of its own
};

}  // namespace scout::inline v0::detail

#endif
