#include <scout/instrument/coroutine.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../../support/ledger_change.hpp"
#include "coroutine_support.hpp"

using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::web;

namespace {

using coroutines::NoContext, coroutines::Scheduler;

template <class Value = void>
using Task = coroutines::Task<Value, scout::ContextPromise>;
template <class Value = void>
using ForeignTask = coroutines::Task<Value, NoContext>;

bool is_bare() { return !scout::TraceContext::current(); }

void note(const char* name) { scout::ScopedSpan span{std::string(name)}; }

Task<> step(Scheduler& scheduler, const char* name) {
  scout::AsyncSpan span{name};
  note("before");
  co_await scheduler.later();
  note("after");
}
auto step_spans(const std::string& name) { return span("Custom/" + name).children(span("Custom/before"), span("Custom/after")); }

}  // namespace

TEST_SUITE_BEGIN("instrument/coroutine");

TEST_CASE("concurrent coroutines keep their spans apart, and siblings are siblings, however they take turns") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("fan out");
    auto first = step(scheduler, "first"), second = step(scheduler, "second");
    first.start();
    second.start();
    note("own");
    scheduler.run();
    CHECK(first.done());
    CHECK(second.done());
  }
  CHECK(matches(recording, web("page").children(
                               span("Custom/fan out").children(step_spans("first"), step_spans("second"), span("Custom/own")))));
}

TEST_CASE("a thread has its own context back whenever a coroutine is suspended, ends or throws") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  std::optional<Task<>> task;
  {
    SCOUT_WEB_TRANSACTION("page");
    task.emplace(step(scheduler, "step"));
    const auto before = scout::TraceContext::current();
    task->start();
    CHECK(scout::TraceContext::current() == before);
    auto failing = [](Scheduler& turns) -> Task<> {
      scout::AsyncSpan span{"failing"};
      co_await turns.later();
      throw std::runtime_error("failed");
    }(scheduler);
    failing.start();
    std::thread([&] {
      SCOUT_BACKGROUND_TRANSACTION("job");
      SCOUT_INSTRUMENT("loop");
      const auto loop = scout::TraceContext::current();
      scheduler.run();
      CHECK(scout::TraceContext::current() == loop);
      note("of the loop");
    }).join();
    CHECK_THROWS_AS(failing.result(), std::runtime_error);
  }
  CHECK(matches(recording, background("job").children(span("Custom/loop").children(span("Custom/of the loop"))),
                web("page").children(step_spans("step"), span("Custom/failing"))));
}

TEST_CASE("a coroutine that goes on on other threads stays in its place, and leaves nothing there") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  {
    SCOUT_WEB_TRANSACTION("page");
    auto task = [](Scheduler& turns) -> Task<> {
      scout::AsyncSpan outer{"outer"};
      for (int i = 0; i < 3; ++i) {
        scout::AsyncSpan inner{"inner"};
        co_await turns.later();
        inner.tag("turn", i);
        note("work");
      }
    }(scheduler);
    task.start();
    while (!task.done()) {
      std::thread([&] {
        CHECK(is_bare());
        CHECK(scheduler.run_one());
        CHECK(is_bare());
      }).join();
    }
  }
  const auto inner = [](int turn) { return span("Custom/inner").tag("turn", turn).children(span("Custom/work")); };
  CHECK(matches(recording, web("page").children(span("Custom/outer").children(inner(0), inner(1), inner(2)))));
}

TEST_CASE("a lazy task is below the span in which it is awaited, not the one in which it was made") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  {
    SCOUT_WEB_TRANSACTION("page");
    auto outer = [](Scheduler& turns) -> Task<int> {
      auto made_early = [](Scheduler& inner) -> Task<int> {
        note("body");
        co_await inner.later();
        note("rest");
        co_return 3;
      }(turns);
      scout::AsyncSpan span{"awaits"};
      const int direct = co_await std::move(made_early);
      const int traced = co_await scout::traced("load", [](Scheduler& inner) -> Task<int> {
        note("loaded");
        co_await inner.later();
        note("parsed");
        co_return 4;
      }(turns));
      note("last");
      co_return direct + traced;
    }(scheduler);
    outer.start();
    scheduler.run();
    CHECK(outer.result() == 7);
  }
  CHECK(matches(recording,
                web("page").children(span("Custom/awaits")
                                         .children(span("Custom/body"), span("Custom/rest"),
                                                   span("Custom/load").children(span("Custom/loaded"), span("Custom/parsed")),
                                                   span("Custom/last")))));
}

TEST_CASE("a task made in one request and started by another is the first one's") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  {
    scout::AsyncWebTransaction first{"first"};
    auto task = step(scheduler, "step");
    {
      scout::Attach detach{scout::TraceContext{}};
      SCOUT_WEB_TRANSACTION("second");
      task.start();
      note("in second");
    }
    scheduler.run();
  }
  CHECK(matches(recording, web("second").children(span("Custom/in second")), web("first").children(step_spans("step"))));
}

TEST_CASE("symmetric transfer: a thousand tasks deep, and a thousand in a row, every parent is right") {
  scout::testing::Recording recording;
  struct Nest {
    static Task<int> down(int depth) {
      scout::AsyncSpan span{scout::Operation{"Custom/level"}};
      if (depth == 0) co_return 0;
      const int below = co_await down(depth - 1);
      co_return below + 1;
    }
    static Task<int> row(int count) {
      int sum = 0;
      for (int i = 0; i < count; ++i) sum += co_await down(0);
      co_return sum;
    }
  };
  {
    SCOUT_WEB_TRANSACTION("deep");
    auto task = Nest::down(999);
    task.start();
    CHECK(task.result() == 999);
  }
  CHECK(recording.traces().size() == 1);  // makes room in the ring
  {
    SCOUT_WEB_TRANSACTION("wide");
    auto task = Nest::row(1000);
    task.start();
    CHECK(task.result() == 0);
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 2);
  REQUIRE(traces[0].spans().size() == 1001);
  REQUIRE(traces[1].spans().size() == 1001);
  for (std::size_t i = 1; i < 1001; ++i) {
    REQUIRE(traces[0].spans()[i].parent() == traces[0].spans()[i - 1].id());
    REQUIRE(traces[1].spans()[i].parent() == traces[1].spans()[0].id());
  }
}

TEST_CASE("a coroutine that is destroyed while it is suspended closes its spans and leaves the destroyer's context alone") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  Scheduler scheduler;
  {
    SCOUT_WEB_TRANSACTION("page");
    auto task = std::make_unique<Task<>>(step(scheduler, "step"));
    task->start();
    auto traced = std::make_unique<ForeignTask<>>(
        [](Scheduler& turns) -> ForeignTask<> { co_await scout::traced("wait", turns.later()); }(scheduler));
    traced->start();
    std::thread([&task] {
      SCOUT_BACKGROUND_TRANSACTION("job");
      SCOUT_INSTRUMENT("cleanup");
      task.reset();
      note("still cleaning");
    }).join();
    traced.reset();
    CHECK(scout::is_recording());
    { auto unstarted = step(scheduler, "never"); }
    { auto unawaited = scout::traced("unawaited", std::suspend_always{}); }
  }
  CHECK(matches(
      recording, background("job").children(span("Custom/cleanup").children(span("Custom/still cleaning"))),
      web("page").children(span("Custom/step").children(span("Custom/before")), span("Custom/wait"), span("Custom/unawaited"))));
  CHECK(ledger.spans().dropped.total() == 0);
}

namespace {

// Every shape of an awaiter.
struct Ready {
  int& value;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int& await_resume() const noexcept {
    note("resumed");
    return value;
  }
};
struct Refused {  // bool: not suspended after all
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const {
    note("asked");
    return false;
  }
  int await_resume() const noexcept { return 2; }
};
struct Inline {  // resumes its coroutine before it returns
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { handle.resume(); }
  int await_resume() const noexcept { return 3; }
};
struct Self {  // transfers to its own coroutine
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> handle) const { return handle; }
  int await_resume() const noexcept { return 4; }
};
struct FailsToSuspend {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("not suspended"); }
  void await_resume() const noexcept {}
};
struct FailsToResume {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const { return false; }
  void await_resume() const { throw std::runtime_error("no result"); }
};
struct Member {
  Self operator co_await() const& = delete;
  Self operator co_await() && { return {}; }
};
struct Free {};
Inline operator co_await(Free&) { return {}; }

template <template <class> class Context>
coroutines::Task<int, Context> shapes(int& value) {
  int sum = 0;
  int& reference = co_await scout::traced("ready", Ready{value});
  CHECK(&reference == &value);
  sum += reference;
  sum += co_await scout::traced("refused", Refused{});
  sum += co_await scout::traced("inline", Inline{});
  sum += co_await scout::traced("self", Self{});
  sum += co_await scout::traced(scout::Operation{"Kind/member"}, Member{});
  Free awaitable;
  sum += co_await scout::traced("free", awaitable, "Kind");
  bool failed = false;
  try {
    co_await scout::traced("fails to suspend", FailsToSuspend{});
  } catch (const std::runtime_error&) {
    failed = true;
  }
  CHECK(failed);
  try {
    co_await scout::traced("fails to resume", FailsToResume{});
  } catch (const std::runtime_error&) {
    note("caught");
  }
  co_await scout::traced(scout::Span("started before").child("child"), Self{});
  note("end");
  co_return sum;
}

template <template <class> class Context>
void check_shapes() {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    int value = 1;
    auto task = shapes<Context>(value);
    task.start();
    REQUIRE(task.done());
    CHECK(task.result() == 1 + 2 + 3 + 4 + 4 + 3);
    note("outside");
  }
  CHECK(matches(recording,
                web("page").children(
                    span("Custom/ready"), span("Custom/resumed"), span("Custom/refused").children(span("Custom/asked")),
                    span("Custom/inline"), span("Custom/self"), span("Kind/member"), span("Kind/free"),
                    span("Custom/fails to suspend"), span("Custom/fails to resume"), span("Custom/caught"),
                    span("Custom/started before").children(span("Custom/child")), span("Custom/end"), span("Custom/outside"))));
}

// The same awaits without traced(): the promise alone has to get them right, in one expression as well.
Task<int> bare_shapes(int& value) {
  scout::AsyncSpan span{"body"};
  int sum = co_await Ready{value};
  sum += co_await Refused{};
  sum += co_await Inline{};
  sum += co_await Self{};
  sum += co_await Member{};
  Free awaitable;
  sum += co_await awaitable;
  sum += co_await Inline{} + co_await Self{} + co_await Refused{} + co_await awaitable;
  note("summed");
  for (int i = 0; i < 2; ++i) {
    try {
      if (i == 0) co_await FailsToSuspend{};
      if (i == 1) co_await FailsToResume{};
    } catch (const std::runtime_error&) {
      note("caught");
    }
  }
  co_return sum;
}

}  // namespace

TEST_CASE("every kind of awaitable may be traced, in a coroutine of another's type") { check_shapes<NoContext>(); }

TEST_CASE("every kind of awaitable may be traced, in a coroutine that keeps its context") {
  check_shapes<scout::ContextPromise>();
}

TEST_CASE("every kind of awaitable leaves a coroutine that keeps its context in its place") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    int value = 1;
    auto task = bare_shapes(value);
    task.start();
    REQUIRE(task.done());
    CHECK(task.result() == 1 + 2 + 3 + 4 + 4 + 3 + 3 + 4 + 2 + 3);
    note("outside");
  }
  CHECK(matches(recording, web("page").children(span("Custom/body")
                                                    .children(span("Custom/resumed"), span("Custom/asked").times(2),
                                                              span("Custom/summed"), span("Custom/caught").times(2)),
                                                span("Custom/outside"))));
}

TEST_CASE("a decorated callable that returns an awaitable is in its span until the result is there, coroutine and all") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  {
    SCOUT_WEB_TRANSACTION("page");
    const auto load = scout::instrument(
        "load",
        [](Scheduler& turns, int n) -> Task<int> {
          note("body");
          co_await turns.later();
          note("rest");
          co_return n;
        },
        "Cache");
    const auto eager = scout::instrument("plain", [](int n) { return n; });
    CHECK(eager(5) == 5);
    auto all = [](Scheduler& turns, const auto& traced) -> Task<int> {
      const int first = co_await traced(turns, 1);
      co_return first + co_await traced(turns, 2);
    }(scheduler, load);
    all.start();
    note("meanwhile");
    scheduler.run();
    CHECK(all.result() == 3);
  }
  const auto load = span("Cache/load").children(span("Custom/body"), span("Custom/rest"));
  CHECK(matches(recording, web("page").children(span("Custom/plain"), load, span("Custom/meanwhile"), load)));
}

TEST_CASE("transactions may be awaited, decorated, or the scope of a coroutine; inside another they are spans") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  std::vector<Task<>> tasks;
  const auto decorated = scout::instrument_web("decorated", [](Scheduler& turns) { return step(turns, "step"); });
  const auto plain = scout::instrument_background("plain", [] { note("work"); });
  tasks.push_back([](Scheduler& turns) -> Task<> { co_await scout::traced_web("awaited", step(turns, "step")); }(scheduler));
  tasks.push_back([](Scheduler& turns, const auto& call) -> Task<> { co_await call(turns); }(scheduler, decorated));
  tasks.push_back([](Scheduler& turns) -> Task<> {
    scout::AsyncBackgroundTransaction transaction{"scope"};
    scout::add_context("plan", "free");
    transaction.tag("size", 3);
    co_await turns.later();
    scout::AsyncWebTransaction nested{"nested"};
    co_await scout::traced_background("deeper", step(turns, "step"));
  }(scheduler));
  for (auto& task : tasks) {
    task.start();
    CHECK(is_bare());
  }
  plain();
  while (std::thread([&] { CHECK(is_bare()); }).join(), scheduler.run_one()) CHECK(is_bare());
  CHECK(matches(recording, background("plain").children(span("Custom/work")), web("awaited").children(step_spans("step")),
                web("decorated").children(step_spans("step")),
                background("scope")
                    .tag("plan", "free")
                    .tag("size", 3)
                    .children(span("Controller/nested").children(span("Job/deeper").children(step_spans("step"))))));
}

TEST_CASE("a movable transaction that is not recorded inside another tags the request, and what is below it is below the other") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"outer"};
    scout::ScopedSpan leaf{"leaf", {.leaf = true}};
    auto nested = scout::MovableTransaction::background("nested");
    CHECK(nested.tag("key", 1));
    std::thread([&] {
      scout::Attach attach{nested.context()};
      CHECK(scout::tag_span("attached", 2));
    }).join();
    nested.end();
    CHECK_FALSE(nested.tag("late", 3));
  }
  CHECK(matches(recording, web("outer").tag("key", 1).children(span("leaf").tag("attached", 2))));
}

TEST_CASE("a movable transaction that another has no room for ends without it") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"outer"};
    for (int i = 0; i < 1500; ++i) {
      if (i % 100 == 0) scout::flush(std::chrono::seconds(5));  // the ring need not hold them all
      note("span");
    }
    auto nested = scout::MovableTransaction::background("nested");
    CHECK(nested.tag("key", 1));
    nested.end();
    CHECK(scout::is_recording());
  }
  CHECK(recording.traces().at(0).spans().size() == 1501);
}

TEST_CASE("outside a transaction and without an agent nothing is recorded and everything runs") {
  Scheduler scheduler;
  auto task = step(scheduler, "step");
  task.start();
  scheduler.run();
  CHECK(task.done());
  scout::testing::Recording recording;
  int value = 1;
  auto outside = shapes<scout::ContextPromise>(value);
  outside.start();
  CHECK(outside.done());
  CHECK(recording.traces().empty());
}

namespace {

template <class Value>
struct Generator {
  struct Promise {
    Generator get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Value yielded) noexcept {
      value = yielded;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { throw; }
    Value value{};
  };
  using promise_type = scout::ContextPromise<Promise>;

  bool next() {
    handle.resume();
    return !handle.done();
  }
  std::coroutine_handle<Promise> handle;
};

Generator<int> numbers(int count) {
  scout::AsyncSpan span{"numbers"};
  for (int i = 0; i < count; ++i) {
    note("make");
    co_yield i;
  }
  throw std::out_of_range("no more");
}

}  // namespace

TEST_CASE("a generator is in its own span while it makes a value, and its reader in another's between") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    auto generator = numbers(2);
    SCOUT_INSTRUMENT("reader");
    while (true) {
      try {
        generator.next();
      } catch (const std::out_of_range&) {
        break;
      }
      note("read");
    }
    note("after");
    generator.handle.destroy();
  }
  CHECK(
      matches(recording, web("page").children(span("Custom/reader").children(span("Custom/read").times(2), span("Custom/after")),
                                              span("Custom/numbers").children(span("Custom/make").times(2)))));
}

namespace {

// Eager and detached, of a library that knows nothing of scout; this program adds the context.
struct Detached {
  struct promise_type {
    promise_type() = default;
    explicit promise_type(Scheduler&) : given(true) {}
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
    auto await_transform(Scheduler& scheduler) { return scheduler.later(); }
    bool given = false;
  };
};

}  // namespace

template <class... Arguments>
struct std::coroutine_traits<Detached, Arguments...> {
  using promise_type = scout::ContextPromise<Detached::promise_type>;
};

TEST_CASE("another's coroutine type gets the context by a specialisation, with its own await_transform and constructor kept") {
  scout::testing::Recording recording;
  Scheduler scheduler;
  {
    SCOUT_WEB_TRANSACTION("page");
    const auto detached = [](Scheduler& turns) -> Detached {
      scout::AsyncSpan span{"detached"};
      co_await turns;
      note("after");
    };
    detached(scheduler);
    note("own");
    detached(scheduler);
    std::thread([&] {
      scheduler.run();
      CHECK(is_bare());
    }).join();
  }
  const auto one = span("Custom/detached").children(span("Custom/after"));
  CHECK(matches(recording, web("page").children(one, span("Custom/own"), one)));
}

TEST_SUITE_END();
