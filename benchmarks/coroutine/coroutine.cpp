// What keeping the context costs a coroutine: a suspension and a resumption of a coroutine that does nothing else, without and
// with scout::ContextPromise, inside a transaction and outside; the four take turns, block by block.

#include <fmt/format.h>
#include <scout/agent.hpp>
#include <scout/instrument/coroutine.hpp>
#include <scout/sink/null_sink.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstdlib>
#include <optional>
#include <vector>

namespace {

template <template <class> class Context>
struct Loop {
  struct Promise {
    Loop get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  using promise_type = Context<Promise>;
  std::coroutine_handle<> handle;
};
template <class Promise>
using Bare = Promise;

template <template <class> class Context>
Loop<Context> forever() {
  for (;;) co_await std::suspend_always{};
}

constexpr int resumptions = 10'000;

double block(std::coroutine_handle<> handle) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < resumptions; ++i) handle.resume();
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  return time.count() / resumptions;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  static scout::NullSink sink;
  if (!scout::install({.key = "none", .name = "benchmark", .monitor = true}, sink)) return 1;
  const std::coroutine_handle<> bare = forever<Bare>().handle, outside = forever<scout::ContextPromise>().handle;
  std::coroutine_handle<> inside;
  {
    scout::WebTransaction transaction{"benchmark"};
    inside = forever<scout::ContextPromise>().handle;
    std::array<std::vector<double>, 4> times;
    for (int i = 0; i < rounds * 50; ++i) {
      times[0].push_back(block(bare));
      times[1].push_back(block(inside));  // as the thread
      const scout::Attach detached{scout::TraceContext()};
      times[2].push_back(block(inside));
      times[3].push_back(block(outside));
    }
    const double base = median(times[0]);
    constexpr const char* rows[] = {"a suspension and a resumption", "with the context that the thread has",
                                    "with a context that the thread has not", "with the context, outside of a transaction"};
    for (std::size_t i = 0; i < times.size(); ++i)
      fmt::print("{:<46}{:6.2f} ns  {:+6.2f}\n", rows[i], median(times[i]), median(times[i]) - base);
  }
  for (const auto handle : {bare, inside, outside}) handle.destroy();
  scout::shutdown();
}
