// A coroutine that goes on on another thread in a loop: some versions of clang keep the address of a thread-local across the
// suspension, and what is recorded behind it would be lost.

#include <scout/instrument/coroutine.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <algorithm>
#include <coroutine>
#include <thread>

#include "coroutine_support.hpp"

namespace {

constexpr int hops = 20;

coroutines::Detached<scout::ContextPromise> steps(std::coroutine_handle<>& waiting) {
  scout::AsyncWebTransaction transaction{"page"};
  for (int i = 0; i < hops; ++i) {
    {
      SCOUT_INSTRUMENT("before");
    }
    co_await coroutines::Hop{waiting};
    {
      SCOUT_INSTRUMENT("after");
    }
  }
  waiting = nullptr;
}

}  // namespace

TEST_CASE("spans before and after each of a coroutine's twenty changes of thread are recorded, below its transaction") {
  scout::testing::Recording recording;
  std::coroutine_handle<> waiting;
  steps(waiting);
  while (waiting) std::thread([next = waiting] { next.resume(); }).join();
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  const auto root = traces[0].spans()[0].id();
  const auto count = [&](const char* operation) {
    return std::count_if(traces[0].spans().begin(), traces[0].spans().end(),
                         [&](const auto& span) { return span.operation() == operation && span.parent() == root; });
  };
  CHECK(count("Custom/before") == hops);
  CHECK(count("Custom/after") == hops);
}
