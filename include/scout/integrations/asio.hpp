#ifndef SCOUT_INTEGRATIONS_ASIO_HPP
#define SCOUT_INTEGRATIONS_ASIO_HPP

// Asio, standalone or, with SCOUT_USE_BOOST_ASIO defined, Boost's: an executor that keeps the context over everything that is
// started on it, and traced() for its coroutines.
//
//   asio::co_spawn(scout::traced_executor(io), session(), asio::detached);
//   asio::post(scout::traced_executor(pool), work);      timers, sockets: asio::steady_timer timer(scout::traced_executor(io));
//   co_await scout::traced("load", load());               load() is an asio::awaitable; in it scout::AsyncSpan
//
// The context is that of the moment in which an operation is initiated. Put the adaptor outermost: around a strand, not inside
// one; a completion token that is bound to a bare executor loses the context. Tried with Asio 1.22 and Boost 1.81 (the capture
// rests on their asking for outstanding_work.tracked at initiation); clang needs -DASIO_HAS_CO_AWAIT with Asio 1.22.

#if defined(SCOUT_USE_BOOST_ASIO)
#  include <boost/asio.hpp>
#  define SCOUT_DETAIL_ASIO ::boost::asio
#  define SCOUT_DETAIL_ASIO_NAMESPACE boost_asio
#else
#  include <asio.hpp>
#  define SCOUT_DETAIL_ASIO ::asio
#  define SCOUT_DETAIL_ASIO_NAMESPACE standalone_asio
#endif

#include <concepts>
#include <type_traits>
#include <utility>

#include "../instrument/coroutine.hpp"

namespace scout::inline v0::inline SCOUT_DETAIL_ASIO_NAMESPACE {

namespace net = SCOUT_DETAIL_ASIO;

// What runs on it runs in the context of its initiation, or of its post; the thread has its own back afterwards. Two are equal
// if their executors are. Adds 16 bytes to a handler and no allocation of its own.
template <class Executor>
class TracedExecutor {
 public:
  // A template, so that an adaptor of any_io_executor, which takes any executor, is not asked whether it is one to copy it.
  template <std::same_as<Executor> Inner>
  explicit TracedExecutor(Inner inner) noexcept : inner_(std::move(inner)) {}

  // What Asio asks an executor for: runs `function` on the inner one, in the context.
  template <class Function>
  void execute(Function&& function) const {
    auto in_context = [context = captured_ ? context_ : TraceContext::current(),
                       work = std::decay_t<Function>(std::forward<Function>(function))]() mutable {
      const Attach attach(context);
      std::move(work)();
    };
    if constexpr (requires { inner_.execute(std::move(in_context)); }) {
      inner_.execute(std::move(in_context));
    } else {
      net::execution::execute(inner_, std::move(in_context));
    }
  }

  // As the inner executor.
  template <class Property>
    requires(net::can_query_v<const Executor&, Property>)
  decltype(auto) query(const Property& property) const noexcept { return net::query(inner_, property); }
  template <class Property>
    requires(net::can_require_v<const Executor&, Property>)
  auto require(const Property& property) const { return with(net::require(inner_, property), captured_, context_); }
  // An operation is initiated.
  auto require(net::execution::outstanding_work_t::tracked_t tracked) const {
    return with(net::prefer(inner_, tracked), true, TraceContext::current());
  }
  auto require(net::execution::outstanding_work_t::untracked_t untracked) const {
    return with(net::prefer(inner_, untracked), false, TraceContext());
  }

  friend bool operator==(const TracedExecutor& a, const TracedExecutor& b) noexcept { return a.inner_ == b.inner_; }
  friend bool operator!=(const TracedExecutor& a, const TracedExecutor& b) noexcept { return !(a == b); }

 private:
  template <class>
  friend class TracedExecutor;
  TracedExecutor(Executor inner, bool captured, TraceContext context) noexcept
      : inner_(std::move(inner)), captured_(captured), context_(context) {}
  template <class Inner>
  static TracedExecutor<Inner> with(Inner inner, bool captured, TraceContext context) {
    return {std::move(inner), captured, context};
  }

  Executor inner_;
  bool captured_ = false;
  TraceContext context_;
};

// Of an executor, or of an execution context such as an io_context or a thread_pool.
template <class Source>
auto traced_executor(Source&& source) {
  if constexpr (requires { source.get_executor(); }) {
    return TracedExecutor<decltype(source.get_executor())>(source.get_executor());
  } else {
    return TracedExecutor<std::decay_t<Source>>(std::forward<Source>(source));
  }
}

#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)

// What `awaitable` does is below the span, which ends with it. On a traced_executor.
template <class Value, class Executor>
net::awaitable<Value, Executor> traced(Span span, net::awaitable<Value, Executor> awaitable) {
  const detail::AsyncScope<Span> scope(std::move(span));
  co_return co_await std::move(awaitable);
}
template <class Value, class Executor>
net::awaitable<Value, Executor> traced(MovableTransaction transaction, net::awaitable<Value, Executor> awaitable) {
  const detail::AsyncScope<MovableTransaction> scope(std::move(transaction));
  co_return co_await std::move(awaitable);
}

#endif

}  // namespace scout::inline v0::inline SCOUT_DETAIL_ASIO_NAMESPACE

#endif
