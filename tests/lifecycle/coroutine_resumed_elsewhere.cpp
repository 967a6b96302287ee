// A coroutine suspends with a span open and is resumed on another thread. Its context is taken along by hand: a value saved
// before the suspension and attached after it.

#include <scout/scout.hpp>

#include <coroutine>
#include <thread>

#include "account.hpp"

namespace {

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

Task work() {
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

}  // namespace

int main() {
  if (!scout::install()) return 1;
  {
    scout::WebTransaction transaction{"page"};
    const Task task = work();
    SCOUT_INSTRUMENT("meanwhile");
    std::thread([&task] { task.handle.resume(); }).join();
    task.handle.destroy();
  }
  if (!scout::flush(std::chrono::seconds(50))) return 2;
  print_account();
}
