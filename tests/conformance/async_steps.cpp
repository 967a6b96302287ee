#include "async_steps.hpp"

#include <scout/instrument/coroutine.hpp>

#include <chrono>
#include <coroutine>
#include <exception>
#include <queue>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "scenario_value.hpp"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;

// What sleeps, in the order in which it wakes.
class Loop {
 public:
  auto sleep(double milliseconds) {
    return Sleep{*this, Clock::now() +
                            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(milliseconds))};
  }
  void run() {
    while (!sleeping_.empty()) {
      const Sleeper next = sleeping_.top();
      sleeping_.pop();
      std::this_thread::sleep_until(next.wakes);
      next.handle.resume();
    }
  }

 private:
  struct Sleeper {
    Clock::time_point wakes;
    std::uint64_t number;  // who went to sleep first wakes first
    std::coroutine_handle<> handle;
    bool operator<(const Sleeper& other) const { return std::tie(other.wakes, other.number) < std::tie(wakes, number); }
  };
  struct Sleep {
    Loop& loop;
    Clock::time_point wakes;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { loop.sleeping_.push({wakes, loop.count_++, handle}); }
    void await_resume() const noexcept {}
  };

  std::priority_queue<Sleeper> sleeping_;
  std::uint64_t count_ = 0;
};

// Lazy; started by its co_await, or by start(): then whoever waits for it is told.
class [[nodiscard]] Task {
  struct Promise;
  using Handle = std::coroutine_handle<Promise>;

 public:
  using promise_type = scout::ContextPromise<Promise>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() const noexcept { return Awaiter{handle_, handle_.promise().started}; }
  void start() const {
    handle_.promise().started = true;
    handle_.resume();
  }
  void rethrow() const {
    if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
  }

 private:
  struct Final {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle handle) const noexcept { return handle.promise().continuation; }
    void await_resume() const noexcept {}
  };
  struct Promise {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }

    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr error;
    bool started = false;
  };
  struct Awaiter {
    Handle handle;
    bool started;
    bool await_ready() const noexcept { return handle.done(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) const noexcept {
      handle.promise().continuation = continuation;
      return started ? std::noop_coroutine() : std::coroutine_handle<>(handle);
    }
    void await_resume() const {
      if (handle.promise().error) std::rethrow_exception(handle.promise().error);
    }
  };

  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

struct Place {
  const Run& run;
  Loop& loop;
};

std::string_view name_of(element step) { return get_or<std::string_view>(step, "name", ""); }

bool is_async(element step);
bool is_any_async(element steps) {
  for (const element step : as<array>(steps, "body")) {
    if (is_async(step)) return true;
  }
  return false;
}
// The step, or one in it, is asynchronous; a nested `async` takes care of its own.
bool is_async(element step) {
  const auto name = get<std::string_view>(step, "op");
  if (name.starts_with("async")) return true;
  if (name == "threads") return false;
  const auto body = find(step, "body");
  return body && is_any_async(*body);
}

Task perform(element step, Place place);
Task perform_all(array steps, Place place) {
  for (const element step : steps) co_await perform(step, place);
}
Task perform_body(element step, Place place) {
  if (const auto body = find(step, "body")) co_await perform_all(as<array>(*body, "body"), place);
}

template <class Scope>
Task perform_in(Scope& scope, element step, Place place) {
  if (const auto tags = find(step, "tags"); tags && !tags->is_null()) {
    for (const auto member : as<object>(*tags, "tags")) {
      if (is_taggable({member.value})) scope.tag(scout::TagKey(member.key), Value{member.value});
    }
  }
  co_await perform_body(step, place);
}

Task gather(element step, Place place) {
  std::vector<Task> tasks;
  for (const element body : get<array>(step, "bodies")) tasks.push_back(perform_all(as<array>(body, "bodies"), place));
  for (const Task& task : tasks) task.start();
  std::exception_ptr first;
  for (const Task& task : tasks) {
    try {
      co_await task;
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

Task catch_errors(element step, Place place) {
  try {
    co_await perform_body(step, place);
  } catch (const ScenarioError&) {
  }
}

Task decorated(element step, Place place) {
  auto kind = get_or<std::string_view>(step, "kind", "span");
  if (kind.starts_with("async.")) kind.remove_prefix(6);
  const auto body = [&] { return perform_body(step, place); };
  for (auto times = get_or(step, "times", std::uint64_t{1}); times > 0; --times) {
    if (kind == "span") {
      co_await scout::instrument(name_of(step), body)();
    } else if (kind == "web") {
      co_await scout::instrument_web(name_of(step), body)();
    } else if (kind == "job") {
      co_await scout::instrument_background(name_of(step), body)();
    } else {
      throw Malformed(fmt::format("'{}' is no kind of decorator", kind));
    }
  }
}

Task perform(element step, Place place) {
  const auto name = get<std::string_view>(step, "op");
  if (!is_async(step)) {
    perform_step(step, place.run);
  } else if (name == "async") {
    co_await perform_body(step, place);
  } else if (name == "async.sleep") {
    co_await place.loop.sleep(get<double>(step, "ms"));
  } else if (name == "async.gather") {
    co_await gather(step, place);
  } else if (name == "async.web" || name == "web.scope") {
    scout::AsyncWebTransaction transaction(name_of(step));
    co_await perform_in(transaction, step, place);
  } else if (name == "async.job" || name == "job.scope") {
    scout::AsyncBackgroundTransaction transaction(name_of(step));
    co_await perform_in(transaction, step, place);
  } else if (name == "async.span" || name == "span.scope") {
    scout::AsyncSpan span(name_of(step), get_or<std::string_view>(step, "kind", "Custom"));
    co_await perform_in(span, step, place);
  } else if (name == "repeat") {
    for (auto times = get<std::uint64_t>(step, "times"); times > 0; --times) co_await perform_body(step, place);
  } else if (name == "catch") {
    co_await catch_errors(step, place);
  } else if (name == "decorated") {
    co_await decorated(step, place);
  } else {
    throw Malformed(fmt::format("'{}' cannot have asynchronous steps", name));
  }
}

}  // namespace

void perform_async(element step, const Run& run) {
  Loop loop;
  const Task task = perform(step, {run, loop});
  task.start();
  loop.run();
  task.rethrow();
}

}  // namespace conformance
