#ifndef SCOUT_BENCH_RESUMED_HPP
#define SCOUT_BENCH_RESUMED_HPP

#include <coroutine>

// A coroutine that is resumed and destroyed by hand. Context: what its promise is wrapped in.
template <template <class> class Context>
struct Resumed {
  struct Promise {
    Resumed get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  using promise_type = Context<Promise>;
  std::coroutine_handle<> handle;
};

#endif
