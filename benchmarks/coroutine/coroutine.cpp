// What keeping the context costs a coroutine: a suspension and a resumption of a coroutine that does nothing else, without and
// with scout::ContextPromise, inside a transaction and outside.

#include <scout/instrument/coroutine.hpp>

#include "../support/agent.hpp"
#include "resumed.hpp"

namespace {

template <class Promise>
using Bare = Promise;

template <template <class> class Context>
Resumed<Context> forever() {
  for (;;) co_await std::suspend_always{};
}

double block(std::coroutine_handle<> handle) {
  constexpr int calls = 10'000;
  return bench::block(calls, [handle] { handle.resume(); });
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("coroutine", count, arguments);
  bench::install();
  const std::coroutine_handle<> bare = forever<Bare>().handle, outside = forever<scout::ContextPromise>().handle;
  std::coroutine_handle<> inside;
  {
    scout::WebTransaction transaction{"benchmark"};
    inside = forever<scout::ContextPromise>().handle;
    suite.row("without a context", [&] { return block(bare); });
    suite.row("the thread's context", [&] { return block(inside); });
    suite.row("another context than the thread's", [&] {
      const scout::Attach detached{scout::TraceContext()};
      return block(inside);
    });
    suite.row("no context, the thread has one", [&] { return block(outside); });
    suite.floor("without a context");
    suite.figure("the thread's context adds", "ns", bench::no_goal, [](const bench::Round& round) {
      return round.median("the thread's context") - round.median("without a context");
    });
    suite.figure("two switches of context add", "ns", bench::no_goal, [](const bench::Round& round) {
      return round.median("another context than the thread's") - round.median("without a context");
    });
    suite.run(50);
  }
  for (const auto handle : {bare, inside, outside}) handle.destroy();
  bench::shutdown(suite);
  return suite.report();
}
