// Built twice: with Asio 1.22 and with Boost 1.81's.

#include <scout/integrations/asio.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#if defined(SCOUT_USE_BOOST_ASIO)
#  include <boost/asio/experimental/awaitable_operators.hpp>
#else
#  include <asio/experimental/awaitable_operators.hpp>
#endif

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "../support/ledger_change.hpp"

using namespace std::chrono_literals;
using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::web;

namespace {

namespace net = scout::net;
using namespace net::experimental::awaitable_operators;
using net::awaitable, net::use_awaitable;
using Executor = net::any_io_executor;

void note(const char* name) { scout::ScopedSpan span{std::string(name)}; }
bool is_bare() { return !scout::TraceContext::current(); }

awaitable<void> wait_for(std::chrono::milliseconds time = 1ms) {
  net::steady_timer timer(co_await net::this_coro::executor, time);
  co_await timer.async_wait(use_awaitable);
}

awaitable<int> step(std::string name, std::chrono::milliseconds time = 1ms) {
  scout::AsyncSpan span{name};
  note("before");
  co_await wait_for(time);
  note("after");
  co_return 1;
}
auto step_spans(const std::string& name) { return span("Custom/" + name).children(span("Custom/before"), span("Custom/after")); }

// Runs a coroutine to its end in a transaction "page".
template <class Start>
void run_page(Start start, int threads = 1) {
  net::thread_pool pool(static_cast<std::size_t>(threads));
  std::atomic<bool> failed = false;
  {
    SCOUT_WEB_TRANSACTION("page");
    net::co_spawn(scout::traced_executor(pool), start(), [&](std::exception_ptr error) { failed = error != nullptr; });
    CHECK(scout::TraceContext::current());
    pool.join();
  }
  CHECK_FALSE(failed);
}

}  // namespace

TEST_SUITE_BEGIN("integrations/asio");

TEST_CASE("a coroutine keeps its context over plain co_await: timers, children, threads of a pool") {
  scout::testing::Recording recording;
  run_page(
      []() -> awaitable<void> {
        scout::AsyncSpan span{"session"};
        for (int i = 0; i < 5; ++i) co_await step("step");
        co_await net::post(use_awaitable);
        note("posted");
      },
      3);
  CHECK(matches(recording,
                web("page").children(span("Custom/session").children(step_spans("step").times(5), span("Custom/posted")))));
}

TEST_CASE("what two coroutines do at once is side by side, by && and by ||, and who loses is closed") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  run_page([]() -> awaitable<void> {
    {
      scout::AsyncSpan span{"both"};
      co_await (step("left", 3ms) && step("right", 1ms));
      note("then");
    }
    scout::AsyncSpan span{"either"};
    const auto winner = co_await (step("slow", 10min) || step("fast", 1ms));
    CHECK(winner.index() == 1);
    note("then");
  });
  CHECK(matches(recording,
                web("page").children(span("Custom/both").children(step_spans("left"), step_spans("right"), span("Custom/then")),
                                     span("Custom/either")
                                         .children(span("Custom/slow").children(span("Custom/before")), step_spans("fast"),
                                                   span("Custom/then")))));
  CHECK(ledger.spans().dropped.total() == 0);
}

TEST_CASE("traced() awaits an awaitable below its span, passes its result or its exception on, and decorates callables") {
  scout::testing::Recording recording;
  run_page([]() -> awaitable<void> {
    CHECK(co_await scout::traced("load", step("step")) == 1);
    bool caught = false;
    try {
      co_await scout::traced("fails", []() -> awaitable<void> {
        co_await wait_for();
        throw std::runtime_error("failed");
      }());
    } catch (const std::runtime_error&) {
      caught = true;
    }
    CHECK(caught);
    note("caught");
    const auto decorated = scout::instrument(
        "decorated",
        [](int n) -> awaitable<int> {
          co_await step("inner");
          co_return n;
        },
        "Kind");
    CHECK(co_await decorated(3) == 3);
    co_await (scout::traced("a", wait_for(3ms)) && scout::traced("b", wait_for()));
    co_await scout::traced_background("nested", wait_for());
  });
  CHECK(matches(recording, web("page").children(span("Custom/load").children(step_spans("step")), span("Custom/fails"),
                                                span("Custom/caught"), span("Kind/decorated").children(step_spans("inner")),
                                                span("Custom/a"), span("Custom/b"), span("Job/nested"))));
}

TEST_CASE("transactions that run at once on one thread stay apart, and leave nothing on it") {
  scout::testing::Recording recording;
  net::io_context io(1);
  const auto executor = scout::traced_executor(io);
  const auto request = scout::instrument_web("request", [] { return step("step", 2ms); });
  for (int i = 0; i < 3; ++i) {
    net::co_spawn(executor, request(), net::detached);
    net::co_spawn(
        executor,
        []() -> awaitable<void> {
          scout::AsyncBackgroundTransaction transaction{"job"};
          co_await wait_for(1ms);
          note("work");
        },
        net::detached);
  }
  while (io.run_one() != 0) CHECK(is_bare());
  CHECK(is_bare());
  const auto job = background("job").children(span("Custom/work"));
  const auto page = web("request").children(step_spans("step"));
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 6);
  for (const auto& trace : traces) {
    if (trace.operation() == "Job/job") {
      CHECK(matches(trace, job));
    } else {
      CHECK(matches(trace, page));
    }
  }
}

TEST_CASE("callbacks: posted, dispatched, deferred and timed ones are below where they were started") {
  scout::testing::Recording recording;
  net::io_context io(1);
  const auto executor = scout::traced_executor(io);
  net::steady_timer timer(executor, 1ms);
  {
    SCOUT_WEB_TRANSACTION("page");
    {
      SCOUT_INSTRUMENT("start");
      net::post(executor, [] { note("posted"); });
      net::dispatch(executor, [] { note("dispatched"); });
      net::defer(executor, [] { note("deferred"); });
      executor.execute([] { note("executed"); });
      timer.async_wait([&](auto) {
        note("timed");
        net::post(Executor(executor), [] { note("posted by it"); });
      });
      net::post(io, net::bind_executor(executor, [] { note("bound"); }));
    }
    SCOUT_INSTRUMENT("loop");
    io.run();
  }
  const auto started =
      span("Custom/start")
          .children(span("Custom/posted"), span("Custom/dispatched"), span("Custom/deferred"), span("Custom/executed"),
                    span("Custom/bound"), span("Custom/timed"), span("Custom/posted by it"))
          .in_any_order();
  CHECK(matches(recording, web("page").children(started, span("Custom/loop"))));
}

TEST_CASE("strands: the adaptor around one keeps the order and the context") {
  scout::testing::Recording recording;
  net::thread_pool pool(3);
  const auto strand = scout::traced_executor(net::make_strand(pool));
  std::string order;
  {
    SCOUT_WEB_TRANSACTION("page");
    for (int i = 0; i < 5; ++i) {
      scout::ScopedSpan span{std::to_string(i)};
      net::post(strand, [&order, i] {
        scout::ScopedSpan work{"work " + std::to_string(i)};
        order += static_cast<char>('0' + i);
      });
    }
    net::co_spawn(strand, step("coroutine"), net::detached);
    pool.join();
  }
  CHECK(order == "01234");
  const auto trace = recording.traces().at(0);
  REQUIRE(trace.spans().size() == 14);
  const auto one = [](int i) { return span("Custom/" + std::to_string(i)).children(span("Custom/work " + std::to_string(i))); };
  CHECK(matches(trace, web("page").children(one(0), one(1), one(2), one(3), one(4), step_spans("coroutine"))));
}

TEST_CASE("a socket's reads and writes, with coroutines and with callbacks, are in the context of who asked") {
  using net::ip::tcp;
  scout::testing::Recording recording;
  net::io_context io(1);
  const auto executor = scout::traced_executor(io);
  tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
  const auto serve = [&]() -> awaitable<void> {
    tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
    scout::AsyncWebTransaction transaction{"served"};
    std::array<char, 4> data;
    co_await scout::traced("read", net::async_read(socket, net::buffer(data), use_awaitable));
    note("answer");
    co_await net::async_write(socket, net::buffer(data), use_awaitable);
    note("answered");
  };
  net::co_spawn(executor, serve(), net::detached);
  tcp::socket client(executor);
  std::array<char, 4> answer{};
  {
    SCOUT_BACKGROUND_TRANSACTION("client");
    SCOUT_INSTRUMENT("ask");
    client.async_connect(acceptor.local_endpoint(), [&](auto) {
      note("connected");
      net::async_write(client, net::buffer("ping", 4), [&](auto, std::size_t) {
        note("written");
        net::async_read(client, net::buffer(answer), [&](auto, std::size_t) { note("read"); });
      });
    });
    const auto current = scout::TraceContext::current();
    io.run();
    CHECK(scout::TraceContext::current() == current);
  }
  CHECK(std::string(answer.data(), answer.size()) == "ping");
  CHECK(matches(recording, web("served").children(span("Custom/read"), span("Custom/answer"), span("Custom/answered")),
                background("client").children(
                    span("Custom/ask").children(span("Custom/connected"), span("Custom/written"), span("Custom/read")))));
}

TEST_CASE("coroutines that are destroyed with their context close their spans and harm nobody") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    SCOUT_WEB_TRANSACTION("page");
    {
      net::io_context io(1);
      net::co_spawn(scout::traced_executor(io), step("never", 10min), net::detached);
      io.poll();
      SCOUT_INSTRUMENT("cleanup");
    }
    note("after");
  }
  CHECK(matches(recording, web("page").children(span("Custom/never").children(span("Custom/before")), span("Custom/cleanup"),
                                                span("Custom/after"))));
  CHECK(ledger.spans().dropped.total() == 0);
}

TEST_CASE("an adaptor is an executor like the one inside: equal, erasable, with its properties") {
  net::io_context io(1), other(1);
  const auto executor = scout::traced_executor(io);
  static_assert(net::execution::is_executor_v<std::decay_t<decltype(executor)>>);
  CHECK(executor == scout::traced_executor(io));
  CHECK(executor != scout::traced_executor(other));
  CHECK(&net::query(executor, net::execution::context) == &io);
  const Executor erased = executor;
  CHECK(erased == Executor(scout::traced_executor(io)));
  CHECK(erased != Executor(io.get_executor()));
  CHECK(scout::traced_executor(Executor(io.get_executor())) == scout::traced_executor(Executor(io.get_executor())));
}

TEST_CASE("many requests on a pool, each with children at once: every span is in its place") {
  scout::testing::Recording recording;
  constexpr int requests = 100;
  {
    net::thread_pool pool(4);
    const auto request = scout::instrument_web("request", []() -> awaitable<void> {
      scout::AsyncSpan span{"fan out"};
      co_await (step("left", 0ms) && step("right", 1ms) && scout::traced("third", step("step", 0ms)));
    });
    for (int i = 0; i < requests; ++i) net::co_spawn(scout::traced_executor(pool), request(), net::detached);
    pool.join();
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == requests);
  for (const auto& trace : traces) {
    REQUIRE(trace.spans().size() == 12);
    const auto third = span("Custom/third").children(step_spans("step"));
    REQUIRE(matches(trace, web("request").children(
                               span("Custom/fan out").children(step_spans("left"), step_spans("right"), third).in_any_order())));
  }
}

TEST_SUITE_END();
