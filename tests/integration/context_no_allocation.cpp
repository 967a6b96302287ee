// Keeping the context allocates nothing: neither a coroutine's suspensions and resumptions, nor, on an executor that is no
// strand behind any_io_executor, a hop of Asio's beyond its own. malloc is interposed.

#include <scout/integrations/asio.hpp>
#include <scout/sink/null_sink.hpp>

#include <coroutine>
#include <cstdio>

#include "../../benchmarks/coroutine/resumed.hpp"
#include "../support/agent.hpp"
#include "../support/counted_malloc.hpp"

namespace {

Resumed<scout::ContextPromise> spans(int count) {
  for (; count > 0; --count) {
    scout::AsyncSpan span{"suspended"};
    co_await std::suspend_always{};
    co_await scout::traced("traced", std::suspend_always{});
  }
}

constexpr int hops = 1000;

template <class Executor>
asio::awaitable<void> hop(Executor executor) {
  asio::steady_timer timer(executor, std::chrono::nanoseconds(0));
  for (int i = 0; i < 2 * hops; ++i) {
    if (i == hops) counting = true;  // by then all is warm
    scout::AsyncSpan span{scout::Operation{"Custom/hop"}};
    co_await asio::post(executor, asio::use_awaitable);
    co_await timer.async_wait(asio::use_awaitable);
  }
  counting = false;
}

template <class Executor>
int allocations_of(Executor executor, asio::io_context& io) {
  allocations = 0;
  scout::WebTransaction transaction{"page"};
  asio::co_spawn(executor, hop(executor), asio::detached);
  io.restart();
  io.run();
  return allocations;
}

int allocations_of_a_coroutine() {
  scout::WebTransaction transaction{"page"};
  const auto loop = spans(500);
  loop.handle.resume();
  allocations = 0;
  counting = true;
  while (!loop.handle.done()) loop.handle.resume();
  counting = false;
  loop.handle.destroy();
  return allocations;
}

}  // namespace

int main() {
  static scout::NullSink sink;
  if (!scout::install({.key = "a test", .name = "test", .monitor = true}, sink)) return 1;
  asio::io_context io(1);
  const int coroutine = allocations_of_a_coroutine();
  const int bare = allocations_of(io.get_executor(), io);
  const int traced = allocations_of(scout::traced_executor(io), io);
  std::printf("a coroutine: %d; Asio, %d hops: %d, traced %d\n", coroutine, 2 * hops, bare, traced);
  scout::shutdown();
  return coroutine == 0 && traced <= bare ? 0 : 2;
}
