// Threads that come and go in great numbers, have little room, leave something open, or hand their work to each other.

#include <pthread.h>
#include <scout/collect/process_metrics.hpp>
#include <scout/scout.hpp>

#include <coroutine>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "account.hpp"
#include "jobs.hpp"

namespace {

void short_lived(int count) {
  for (int i = 0; i < count; i += 10) {
    std::vector<std::thread> threads;
    for (int n = 0; n < 10; ++n) {
      threads.emplace_back([] {
        SCOUT_BACKGROUND_TRANSACTION("short");
        SCOUT_INSTRUMENT("work");
      });
    }
    for (auto& thread : threads) thread.join();
    if (i % 100 == 0) REQUIRE(scout::flush(patience));
  }
  REQUIRE(scout::flush(patience));
}

void many() {
  REQUIRE(scout::install());
  short_lived(2000);
  const long before = scout::detail::resident_memory() / 1024;
  short_lived(8000);
  print_account();
  const long grown = scout::detail::resident_memory() / 1024 - before;
  if (grown > 1024) std::printf("grew by %ld KiB\n", grown);
  std::puts(grown > 1024 ? "memory grows" : "memory is flat");
}

// The threads' stacks are as small as some programs make them; the agent's own thread has what it needs.
void small_stacks() {
  REQUIRE(scout::install());
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, 64 * 1024) == 0);
  for (int i = 0; i < 100; ++i) {
    pthread_t thread;
    const auto work = [](void*) -> void* {
      SCOUT_BACKGROUND_TRANSACTION("small");
      SCOUT_CONTEXT("long", std::string(8000, 'x'));
      SCOUT_INSTRUMENT("work");
      for (int n = 0; n < 10; ++n) SCOUT_TAG("count", n);
      return nullptr;
    };
    REQUIRE(pthread_create(&thread, &attributes, work, nullptr) == 0);
    REQUIRE(pthread_join(thread, nullptr) == 0);
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

void* leaked[3];  // reachable, so that leak checkers see what is meant to happen here

void leave_span_open() {
  leaked[0] = new scout::WebTransaction{"finished by its object"};
  scout::ScopedSpan ended{"ended"};
  leaked[1] = new scout::ScopedSpan{"never ends"};
}

void leave_transaction_open() {
  scout::WebTransaction::start("never stopped");
  scout::ScopedSpan ended{"ended"};
}

// What can never end is counted as unfinished, and the rings go to the next threads.
void end_mid_span() {
  REQUIRE(scout::install());
  std::thread(leave_span_open).join();
  REQUIRE(scout::flush(patience));
  delete static_cast<scout::WebTransaction*>(leaked[0]);  // on another thread than it began
  std::thread(leave_transaction_open).join();
  REQUIRE(scout::flush(patience));
  for (int i = 0; i < 100; ++i) {
    std::thread([] { SCOUT_BACKGROUND_TRANSACTION("short"); }).join();
    if (i % 10 == 0) REQUIRE(scout::flush(patience));
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

// A span starts on one thread, is tagged and given a child on a second, and ends on a third.
void span_ends_elsewhere() {
  REQUIRE(scout::install());
  {
    scout::WebTransaction transaction{"page"};
    scout::Span span{"travels"};
    scout::ScopedSpan sibling{"sibling"};
    std::thread([&span] {
      span.tag("thread", 2);
      scout::Span child = span.child("child");
      std::thread([moved = std::move(span), child_moved = std::move(child)]() mutable {
        child_moved.end();
        moved.end();
      }).join();
    }).join();
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

Task work_across_a_suspension() {
  scout::Span span{"across the suspension"};
  const scout::TraceContext context = span.context();
  {
    scout::Attach attach{context};
    SCOUT_INSTRUMENT("before");
  }
  co_await std::suspend_always{};
  {
    scout::Attach attach{context};
    SCOUT_INSTRUMENT("after");
  }
  span.end();
}

// Its context is taken along by hand: a value saved before the suspension and attached after it.
void coroutine_resumed_elsewhere() {
  REQUIRE(scout::install());
  {
    scout::WebTransaction transaction{"page"};
    const Task task = work_across_a_suspension();
    SCOUT_INSTRUMENT("meanwhile");
    std::thread([&task] { task.handle.resume(); }).join();
    task.handle.destroy();
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"many", many},
                   {"small_stacks", small_stacks},
                   {"end_mid_span", end_mid_span},
                   {"span_ends_elsewhere", span_ends_elsewhere},
                   {"coroutine_resumed_elsewhere", coroutine_resumed_elsewhere}},
                  argument_count, arguments);
}
