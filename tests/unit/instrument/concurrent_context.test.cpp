// The context through what C++ programs use to do things at once: threads, tasks, pools, queues of callbacks.

#include <scout/testing.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>
#include <version>
#ifdef __cpp_lib_jthread
#  include <stop_token>
#endif

#include "../../support/ledger_change.hpp"

using scout::testing::matches, scout::testing::span, scout::testing::web;

namespace {

void join(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
}

// As people write it: a queue, a condition, and threads that take from it until the pool is destroyed.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      std::lock_guard lock(mutex_);
      done_ = true;
    }
    more_.notify_all();
    join(threads_);
  }
  void post(std::function<void()> job) {
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    more_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return done_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> jobs_;
  bool done_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_SUITE_BEGIN("instrument/concurrent_context");

#ifdef __cpp_lib_jthread  // which libc++ 14 has not
TEST_CASE("a jthread's bound callable records below its starter, with and without a stop token") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("fan out");
    std::jthread(scout::bind([] { SCOUT_INSTRUMENT("plain"); })).join();
    std::jthread(scout::bind([](std::stop_token token, int n) {
                   SCOUT_INSTRUMENT("stoppable");
                   CHECK(token.stop_possible());
                   CHECK(n == 7);
                 }),
                 7)
        .join();
  }
  CHECK(
      matches(recording, web("page").children(span("Custom/fan out").children(span("Custom/plain"), span("Custom/stoppable")))));
}
#endif

TEST_CASE("hundreds of threads have a part in one transaction without using up its spans") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    std::latch all_record{201}, over{1};
    std::vector<std::thread> threads;
    for (int i = 0; i < 200; ++i) {
      threads.emplace_back(scout::bind([&] {
        { SCOUT_INSTRUMENT("part"); }
        all_record.arrive_and_wait();
        over.wait();
      }));
    }
    all_record.arrive_and_wait();
    for (int i = 0; i < 1000; ++i) SCOUT_INSTRUMENT("own");
    over.count_down();
    join(threads);
  }
  CHECK(matches(recording, web("page").in_any_order().children(span("Custom/part").times(200), span("Custom/own").times(1000))));
}

TEST_CASE("a thread that has a part in a transaction again and again uses up as many of its spans as it starts") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    std::thread([part = scout::bind([] { SCOUT_INSTRUMENT("part"); })] {
      for (int i = 0; i < 1400; ++i) part();
    }).join();
  }
  CHECK(matches(recording, web("page").children(span("Custom/part").times(1400))));
}

TEST_CASE("std::async and packaged tasks return their results, and record below whoever asked for them") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    std::future<int> asked;
    {
      SCOUT_INSTRUMENT("ask");
      asked = std::async(std::launch::async, scout::bind([](std::unique_ptr<int> n) {
                           SCOUT_INSTRUMENT("answer");
                           return *n + 1;
                         }),
                         std::make_unique<int>(1));
    }
    CHECK(asked.get() == 2);
    std::packaged_task<int(int)> task(scout::bind([](int n) {
      SCOUT_INSTRUMENT("task");
      return n * 2;
    }));
    std::future<int> doubled = task.get_future();
    std::thread(std::move(task), 4).join();
    CHECK(doubled.get() == 8);
    CHECK(std::async(std::launch::deferred, scout::bind([] { return scout::is_recording(); })).get());
  }
  CHECK(matches(recording, web("page").children(span("Custom/ask").children(span("Custom/answer")), span("Custom/task"))));
}

TEST_CASE(
    "jobs in a pool record below the request that posted them, however requests are mixed, and the pool's threads stay bare") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  constexpr int requests = 20, jobs = 10;
  {
    Pool pool(3);
    std::vector<std::thread> clients;
    for (int i = 0; i < requests; ++i) {
      clients.emplace_back([&pool] {
        SCOUT_WEB_TRANSACTION("page");
        SCOUT_INSTRUMENT("fan out");
        std::vector<std::future<void>> all;
        for (int n = 0; n < jobs; ++n) {
          const auto job = std::make_shared<std::packaged_task<void()>>(scout::bind([] {
            SCOUT_INSTRUMENT("outer");
            SCOUT_INSTRUMENT("inner");
          }));
          all.push_back(job->get_future());
          pool.post([job] {
            (*job)();
            CHECK_FALSE(scout::TraceContext::current());
          });
        }
        for (auto& one : all) one.get();
      });
    }
    join(clients);
  }
  const auto traces = recording.traces();
  CHECK(traces.size() == requests);
  const auto job = span("Custom/outer").children(span("Custom/inner"));
  for (const auto& trace : traces)
    REQUIRE(matches(trace, web("page").children(span("Custom/fan out").children(job.times(jobs)))));
  CHECK(ledger.spans().delivered == requests * (1 + jobs * 2));
}

TEST_CASE("queued callbacks: each is below the operation that it answers, not below the loop or the callback before it") {
  scout::testing::Recording recording;
  std::deque<std::function<void()>> loop;
  {
    SCOUT_WEB_TRANSACTION("page");
    std::function<void(int)> fetch = [&](int more) {
      SCOUT_INSTRUMENT("fetch");
      loop.push_back(scout::bind([&fetch, more] {
        SCOUT_INSTRUMENT("answer");
        if (more > 0) fetch(more - 1);
      }));
    };
    fetch(1);
    fetch(0);
    SCOUT_INSTRUMENT("loop");
    for (; !loop.empty(); loop.pop_front()) loop.front()();
  }
  const auto leaf = span("Custom/fetch").children(span("Custom/answer"));
  CHECK(matches(recording, web("page").children(span("Custom/fetch").children(span("Custom/answer").children(leaf)), leaf,
                                                span("Custom/loop"))));
}

TEST_CASE("a span started in one callback ends in another, on another thread, with children by hand and no thread's context") {
  scout::testing::Recording recording;
  std::optional<scout::Span> request;
  {
    SCOUT_WEB_TRANSACTION("page");
    request.emplace("request", "HTTP");
    SCOUT_INSTRUMENT("meanwhile");
    std::thread([&request] {
      CHECK_FALSE(scout::TraceContext::current());
      scout::Span headers = request->child("headers");
      scout::Span body = headers.child(scout::Operation{"HTTP/body"});
      std::thread([moved = std::move(body)]() mutable { moved.end(); }).join();
      headers.tag("size", 10);
      headers.end();
      request.reset();
      CHECK_FALSE(scout::TraceContext::current());
    }).join();
  }
  const auto headers = span("Custom/headers").tag("size", 10).children(span("HTTP/body"));
  CHECK(matches(recording, web("page").children(span("HTTP/request").children(headers), span("Custom/meanwhile"))));
}

TEST_CASE("a callable is bound as it is: move-only, with a state of its own, const, or refusing arguments") {
  auto counter = scout::bind([n = std::make_unique<int>(0)]() mutable { return ++*n; });
  CHECK(counter() == 1);
  CHECK(counter() == 2);
  const auto constant = scout::bind([](int& n) -> int& { return n; });
  int n = 5;
  CHECK(&constant(n) == &n);
  static_assert(std::is_invocable_v<decltype(constant)&, int&>);
  static_assert(!std::is_invocable_v<decltype(constant)&, int>);
  static_assert(!std::is_invocable_v<const decltype(counter)&>);
  const auto in_a_span = scout::instrument("x", [](int& value) { return value; });
  static_assert(!std::is_invocable_v<decltype(in_a_span)&, int>);
}

TEST_CASE("a scope that ends on another thread leaves that thread's context alone") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("first");
    auto attach = std::make_unique<scout::Attach>(scout::TraceContext::current());
    std::thread([&attach] {
      SCOUT_WEB_TRANSACTION("second");
      attach.reset();
      SCOUT_INSTRUMENT("in second");
    }).join();
    SCOUT_INSTRUMENT("in first");
  }
  CHECK(matches(recording, web("second").children(span("Custom/in second")), web("first").children(span("Custom/in first"))));
}

TEST_SUITE_END();
