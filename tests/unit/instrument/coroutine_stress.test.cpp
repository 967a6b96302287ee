// 10,000 coroutines at once, on four threads, three spans deep, suspended at random and gone on on any thread: every span must be
// below the one it belongs to.

#include <scout/instrument/coroutine.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../../support/ledger_change.hpp"
#include "coroutine_support.hpp"

namespace {

using Running = coroutines::Detached<scout::ContextPromise>;

constexpr int requests = 50, coroutines_each = 200, threads = 4, spans_each = 4;
constexpr std::uint32_t always = 2;  // to suspend

// Takes what waits in no order.
class Pool {
 public:
  auto hop(std::uint32_t random) { return Hop{*this, random}; }

  void run_until_idle(int count) {
    running_ = count;
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back([this, i] { work(static_cast<std::uint32_t>(i)); });
    for (std::thread& worker : workers) worker.join();
  }
  void one_done() {
    std::lock_guard lock(mutex_);
    if (--running_ == 0) more_.notify_all();
  }
  std::atomic<int> contexts_left_behind = 0;

 private:
  struct Hop {
    Pool& pool;
    std::uint32_t random;
    bool await_ready() const noexcept { return random % 7 == 0; }
    bool await_suspend(std::coroutine_handle<> handle) {
      if (random % 7 == 1) return false;
      std::lock_guard lock(pool.mutex_);
      pool.waiting_.push_back(handle);
      pool.more_.notify_one();
      return true;
    }
    void await_resume() const noexcept {}
  };

  void work(std::uint32_t random) {
    for (;;) {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return running_ == 0 || !waiting_.empty(); });
      if (waiting_.empty()) return;
      random = random * 1664525 + 1013904223;
      std::swap(waiting_[random % waiting_.size()], waiting_.back());
      const std::coroutine_handle<> next = waiting_.back();
      waiting_.pop_back();
      lock.unlock();
      next.resume();
      if (scout::TraceContext::current()) ++contexts_left_behind;
    }
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::coroutine_handle<>> waiting_;
  int running_ = 0;
};

// "2.17" of the 17th coroutine's second span.
std::string name_of(int level, int coroutine) { return std::to_string(level) + '.' + std::to_string(coroutine); }

Running work(Pool& pool, int number, std::atomic<int>& left) {
  std::uint32_t random = static_cast<std::uint32_t>(number) * 2654435761u;
  const auto next = [&random] { return random = random * 1664525 + 1013904223, random >> 8; };
  co_await pool.hop(always);
  {
    scout::AsyncSpan first{name_of(1, number)};
    co_await pool.hop(next());
    {
      scout::AsyncSpan second{name_of(2, number)};
      for (std::uint32_t hops = next() % 4; hops > 0; --hops) co_await pool.hop(next());
      {
        scout::AsyncSpan third{name_of(3, number)};
        co_await pool.hop(next());
      }
      co_await pool.hop(next());
    }
    co_await scout::traced(name_of(4, number), pool.hop(next()));
  }
  --left;
  pool.one_done();
}

Running request(Pool& pool, int number) {
  scout::AsyncWebTransaction transaction{std::to_string(number)};
  std::atomic<int> left = coroutines_each;
  for (int i = 0; i < coroutines_each; ++i) work(pool, number * coroutines_each + i, left);
  while (left > 0) co_await pool.hop(always);
  pool.one_done();
}

// The operation of a span's parent, by its own.
std::map<std::string, std::string> parents_of(const scout::testing::RecordedTrace& trace) {
  std::map<std::string, std::string> operations, parents;
  for (const auto& span : trace.spans()) operations[std::string(span.id().text())] = span.operation();
  for (const auto& span : trace.spans()) {
    if (span.parent()) parents[std::string(span.operation())] = operations[std::string(span.parent().text())];
  }
  return parents;
}

}  // namespace

TEST_CASE("of ten thousand coroutines on four threads, suspended at random, every span is below its own") {
  scout::testing::Recording recording{{.ring_size = 1 << 22}};
  LedgerChange ledger;
  {
    Pool pool;
    for (int i = 0; i < requests; ++i) {
      request(pool, i);
      REQUIRE_FALSE(scout::TraceContext::current());
    }
    pool.run_until_idle(requests * (coroutines_each + 1));
    CHECK(pool.contexts_left_behind == 0);
  }
  auto traces = recording.traces();
  for (int again = 0; again < 10 && traces.size() < requests; ++again) traces = recording.traces();  // a slow machine
  REQUIRE(traces.size() == requests);
  int wrong = 0;
  for (const auto& trace : traces) {
    const std::string root(trace.operation());
    const int first = std::stoi(root.substr(root.find('/') + 1)) * coroutines_each;
    const auto parents = parents_of(trace);
    wrong += parents.size() != coroutines_each * spans_each;
    for (int i = first; i < first + coroutines_each; ++i) {
      const auto is_below = [&](int level, const std::string& parent) {
        const auto found = parents.find("Custom/" + name_of(level, i));
        return found != parents.end() && found->second == parent;
      };
      wrong += !is_below(1, root);
      wrong += !is_below(2, "Custom/" + name_of(1, i));
      wrong += !is_below(3, "Custom/" + name_of(2, i));
      wrong += !is_below(4, "Custom/" + name_of(1, i));
    }
  }
  CHECK(wrong == 0);
  CHECK(ledger.spans().delivered == requests * coroutines_each * spans_each);
  CHECK(ledger.spans().dropped.total() == 0);
}
