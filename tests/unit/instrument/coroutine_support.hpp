#ifndef SCOUT_TESTS_UNIT_INSTRUMENT_COROUTINE_SUPPORT_HPP
#define SCOUT_TESTS_UNIT_INSTRUMENT_COROUTINE_SUPPORT_HPP

// Task types as people write them, and a scheduler that a test moves by hand.

#include <coroutine>
#include <deque>
#include <exception>
#include <utility>

namespace coroutines {

// Resumes what awaits it when the test says so.
class Scheduler {
 public:
  auto later() { return Later{*this}; }
  bool run_one() {
    if (waiting_.empty()) return false;
    const std::coroutine_handle<> next = waiting_.front();
    waiting_.pop_front();
    next.resume();
    return true;
  }
  void run() {
    while (run_one()) {
    }
  }
  // A test resumes it itself.
  std::coroutine_handle<> take() {
    const std::coroutine_handle<> next = waiting_.front();
    waiting_.pop_front();
    return next;
  }

 private:
  struct Later {
    Scheduler& scheduler;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { scheduler.waiting_.push_back(handle); }
    void await_resume() const noexcept {}
  };

  std::deque<std::coroutine_handle<>> waiting_;
};

template <class Value>
struct Result {
  Value value{};
  void return_value(Value returned) { value = std::move(returned); }
  Value take() { return std::move(value); }
};
template <>
struct Result<void> {
  void return_void() {}
  void take() {}
};

// Lazy, started by its co_await or start(), resumed by symmetric transfer. `Context` is scout's addition, or nothing.
template <class Value, template <class> class Context>
class [[nodiscard]] Task {
  struct Promise;

 public:
  using promise_type = Context<Promise>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() noexcept { return Awaiter{handle_}; }
  void start() { handle_.resume(); }
  bool done() const { return handle_.done(); }
  Value result() { return finish(handle_); }

 private:
  using Handle = std::coroutine_handle<Promise>;

  struct Final {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle handle) const noexcept { return handle.promise().continuation; }
    void await_resume() const noexcept {}
  };
  struct Promise : Result<Value> {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() { error = std::current_exception(); }

    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr error;
  };
  static Value finish(Handle handle) {
    if (handle.promise().error) std::rethrow_exception(handle.promise().error);
    return handle.promise().take();
  }
  struct Awaiter {
    Handle handle;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) noexcept {
      handle.promise().continuation = continuation;
      return handle;
    }
    Value await_resume() { return finish(handle); }
  };

  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

template <class Promise>
using NoContext = Promise;

// Starts at once and is nobody's.
template <template <class> class Context>
struct Detached {
  struct Promise {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  using promise_type = Context<Promise>;
};

// Where a coroutine waits until the test resumes it, on whatever thread.
struct Hop {
  std::coroutine_handle<>& waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept { waiting = handle; }
  void await_resume() const noexcept {}
};

}  // namespace coroutines

#endif
