// clang 15 to 18 keep the address of a thread-local across a co_await where they optimise, so this is always compiled with -O2.

#include <scout/scout.hpp>

#include <doctest/doctest.h>

#include <coroutine>
#include <thread>

#include "coroutine_support.hpp"

namespace {

using scout::detail::ThreadBuffer, scout::detail::thread_buffer, scout::detail::this_thread_buffer;

// What no compiler can know beforehand.
[[gnu::noinline]] ThreadBuffer* true_buffer() {
  asm volatile("");
  return thread_buffer;
}

coroutines::Detached<coroutines::NoContext> look(std::coroutine_handle<>& waiting, int& right, int& right_by_itself) {
  for (int i = 0; i < 5; ++i) {
    co_await coroutines::Hop{waiting};
    right += this_thread_buffer() == true_buffer();
    right_by_itself += thread_buffer == true_buffer();
  }
  waiting = nullptr;
}

}  // namespace

TEST_CASE("a coroutine that goes on on another thread finds that thread's buffer") {
  static ThreadBuffer buffers[5];
  std::coroutine_handle<> waiting;
  int right = 0, right_by_itself = 0;
  look(waiting, right, right_by_itself);
  for (ThreadBuffer& buffer : buffers) {
    std::thread([&buffer, next = waiting] {
      ThreadBuffer* const before = thread_buffer;
      thread_buffer = &buffer;
      next.resume();
      thread_buffer = before;
    }).join();
  }
  CHECK(waiting == nullptr);
  CHECK(right == 5);
  if (right_by_itself != 5) MESSAGE("this compiler keeps the addresses of thread-locals across a co_await");
}
