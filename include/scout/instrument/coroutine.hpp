#ifndef SCOUT_INSTRUMENT_COROUTINE_HPP
#define SCOUT_INSTRUMENT_COROUTINE_HPP

// Spans of coroutines, which are suspended and go on elsewhere, on any thread. A door of its own:
//
//   co_await scout::traced("load", awaitable);       one await as a span: any awaitable, in any coroutine
//   using promise_type = scout::ContextPromise<P>;   a task type whose coroutines keep their context over every co_await; in
//                                                    their bodies scout::AsyncSpan and the asynchronous transactions
//   auto load = scout::instrument("load", f);        a callable that returns what is awaited
//
// asio::awaitable is integrations/asio.hpp's. In a coroutine that may go on elsewhere, a ScopedSpan, and so a macro, must not
// be open across a co_await: it belongs to its thread. Nothing here throws by itself, locks or allocates.

#include <coroutine>
#include <type_traits>
#include <utility>

#include "transaction.hpp"

namespace scout::inline v0 {
namespace detail {

struct ContextAccess {
  static ContextWord word_of(TraceContext context) noexcept { return context.word_; }
  static TraceContext context_of(ContextWord word) noexcept { return TraceContext(word); }
};

// Makes a context the calling thread's; returns what it was. Some 2 ns.
[[gnu::always_inline]] inline ContextWord exchange_context(ContextWord to) noexcept {
  const auto [buffer, current] = current_place();
  if (current == to || buffer->registry == nullptr) return current;
  if (load(buffer->end_id) != 0 && current.transaction() != to.transaction()) {  // a block of ids is the transaction's
    BusySection busy(*buffer);
    busy.leave_with(moved_context(*buffer, current, to));
  } else if (load(buffer->context) != busy_context) {
    store(buffer->context, to.bits);
  }
  return current;
}

// Where work of `open` hangs its spans: below it, or where we are if it is not recorded.
template <class Open>
TraceContext context_below(const Open& open) noexcept {
  const TraceContext own = open.context();
  return own ? own : TraceContext::current();
}

template <class Kind, class Function>
class InstrumentedTransaction;

}  // namespace detail

// A transaction as a value: starts here, ends anywhere, and is current nowhere. Inside another it is a span of that.
class MovableTransaction {
 public:
  // "Controller/<name>", copied.
  template <detail::TextLike Name>
  static MovableTransaction web(const Name& name) noexcept {
    return MovableTransaction(detail::WebKind::prefix(), name);
  }
  // "Job/<name>", copied.
  template <detail::TextLike Name>
  static MovableTransaction background(const Name& name) noexcept {
    return MovableTransaction(detail::BackgroundKind::prefix(), name);
  }
  // The other one is over without an end.
  MovableTransaction(MovableTransaction&& other) noexcept
      : start_(other.start_), is_recorded_(other.is_recorded_), context_(other.context_) {
    other.context_ = {};
  }
  MovableTransaction& operator=(MovableTransaction&&) = delete;
  ~MovableTransaction() { end(); }

  // On any thread; a second end is a no-op.
  void end() noexcept {
    const detail::ContextWord context = context_;
    context_ = {};
    if (!is_recorded_) return;
    if (context.span() == detail::ContextWord::root_id) {
      detail::finish_root(context);
    } else if (context.in_transaction()) {
      detail::close_span(context, start_, false);
    }
  }
  // For work below it, on any thread.
  TraceContext context() const noexcept { return detail::ContextAccess::context_of(context_); }
  // A tag of the request. False: not recorded.
  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    if (!context_.in_transaction()) return false;
    detail::ThreadBuffer* const buffer = detail::recording_buffer();
    return buffer != nullptr && detail::put_tag(*buffer, detail::in_order(*buffer, context_.request()), key, value);
  }

 private:
  template <class, class>
  friend class detail::InstrumentedTransaction;
  MovableTransaction(detail::Text kind, detail::Text name) noexcept {
    const detail::ContextWord outside = detail::live_place().context;
    if (outside.in_transaction()) {
      context_ = detail::open_span(outside, detail::record_word(detail::RecordKind::opened_named), kind, name, start_);
      is_recorded_ = context_.in_transaction();
      if (!is_recorded_) context_ = outside.below_unrecorded();
    } else {
      context_ = detail::start_root(detail::record_word(detail::RecordKind::span_named), kind, name).context;
      if (context_.in_transaction()) detail::exchange_context(outside);
    }
  }

  std::uint64_t start_ = 0;  // ticks
  bool is_recorded_ = true;
  detail::ContextWord context_;  // of one that is not recorded, its parent's
};

namespace detail {

// A coroutine that starts because another awaits it learns so from its awaiter: the address of its frame, and the context to
// start in.
struct Handover {
  const void* to = nullptr;
  ContextWord word = {};
};
[[gnu::visibility("hidden")]] inline constinit thread_local Handover handover{};
#if defined(__clang_major__) && __clang_major__ >= 15 && __clang_major__ <= 18
[[gnu::noinline, gnu::visibility("hidden")]] inline Handover& this_handover() noexcept {  // as this_thread_buffer()
  asm volatile("");
  return handover;
}
#else
[[gnu::always_inline, gnu::visibility("hidden")]] inline Handover& this_handover() noexcept { return handover; }
#endif

// What co_await would make of an expression.
template <class Awaited>
decltype(auto) awaiter_of(Awaited&& awaitable) {
  if constexpr (requires { static_cast<Awaited&&>(awaitable).operator co_await(); }) {
    return static_cast<Awaited&&>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(static_cast<Awaited&&>(awaitable)); }) {
    return operator co_await(static_cast<Awaited&&>(awaitable));
  } else {
    return static_cast<Awaited&&>(awaitable);
  }
}
template <class Awaited>
using AwaiterOf = decltype(awaiter_of(std::declval<Awaited>()));

template <class T>
concept CoroutineHandle = !std::is_void_v<T> && requires(T handle) {
  handle.address();
  handle.resume();
};

// Awaits inside a span, or a transaction, that ends with the result.
template <class Open, class Awaited>
class TracedAwaiter {
 public:
  static constexpr bool hands_over = true;

  TracedAwaiter(Open& open, Awaited&& awaitable) : open_(open), awaiter_(awaiter_of(static_cast<Awaited&&>(awaitable))) {}

  bool await_ready() {
    outside_ = TraceContext::current();
    const Attach attach(context_below(open_));
    return static_cast<bool>(awaiter_.await_ready());
  }
  // The awaiting coroutine, and this, may be gone when the inner call returns.
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> handle) {
    const TraceContext context = context_below(open_);
    const Attach attach(context);
    using Result = decltype(awaiter_.await_suspend(handle));
    if constexpr (CoroutineHandle<Result>) {
      const Result next = awaiter_.await_suspend(handle);
      this_handover() = {next.address(), ContextAccess::word_of(context)};
      return next;
    } else {
      return awaiter_.await_suspend(handle);
    }
  }
  decltype(auto) await_resume() {
    const End end{open_};
    // Resumed before the inner await_suspend() returned, or by what took the context along from there.
    if (TraceContext::current() == open_.context()) exchange_context(ContextAccess::word_of(outside_));
    return awaiter_.await_resume();
  }

 private:
  struct End {
    Open& open;
    ~End() { open.end(); }
  };

  Open& open_;
  AwaiterOf<Awaited> awaiter_;
  TraceContext outside_;
};

template <class Open, class Awaited>
class [[nodiscard]] Traced {
 public:
  Traced(Open open, Awaited&& awaitable) : open_(static_cast<Open&&>(open)), awaitable_(static_cast<Awaited&&>(awaitable)) {}

  // Once.
  TracedAwaiter<Open, Awaited> operator co_await() { return {open_, static_cast<Awaited&&>(awaitable_)}; }

 private:
  Open open_;
  Awaited awaitable_;
};

}  // namespace detail

namespace detail {

// What a promise keeps of the context.
class PromiseContext {
 public:
  PromiseContext() noexcept : word_(current_place().context), outside_(word_) {}
  PromiseContext(const PromiseContext&) = delete;
  PromiseContext& operator=(const PromiseContext&) = delete;

  [[gnu::always_inline]] void enter() noexcept { outside_ = exchange_context(word_); }
  // Returns what the thread gets back: once the coroutine is suspended this may be gone.
  [[gnu::always_inline]] ContextWord suspend() noexcept {
    word_ = current_place().context;
    return outside_;
  }
  ContextWord word() const noexcept { return word_; }
  void leave() noexcept { exchange_context(outside_); }
  void start(const void* frame) noexcept {
    Handover& handed = this_handover();
    if (handed.to == frame && (handed.word.transaction() == word_.transaction() || !word_.in_transaction())) word_ = handed.word;
    handed.to = nullptr;
    enter();
  }

 private:
  ContextWord word_;     // while it is suspended
  ContextWord outside_;  // while it runs: what its thread had before
};

// An awaiter of a coroutine whose promise is a ContextPromise<Promise>. Keeps what the awaiter may refer to, and shows it the
// handle that it would see without us.
template <class Promise, class Kept>
class PromiseAwaiter {
 public:
  template <class Make>
  PromiseAwaiter(PromiseContext& context, Make make)
      : context_(context), kept_(make()), awaiter_(awaiter_of(static_cast<Kept&&>(kept_))) {}
  PromiseAwaiter(const PromiseAwaiter&) = delete;
  PromiseAwaiter& operator=(const PromiseAwaiter&) = delete;

  bool await_ready() noexcept(noexcept(awaiter_.await_ready())) { return static_cast<bool>(awaiter_.await_ready()); }

 protected:
  using Handle = std::coroutine_handle<Promise>;
  static Handle inner(std::coroutine_handle<> handle) noexcept { return Handle::from_address(handle.address()); }

  PromiseContext& context_;
  Kept kept_;
  AwaiterOf<Kept> awaiter_;
};

template <class Promise, class Kept>
class ContextAwaiter : public PromiseAwaiter<Promise, Kept> {
 public:
  using PromiseAwaiter<Promise, Kept>::PromiseAwaiter;

  // The coroutine, and this, may be gone when the inner call returns; the thread is the same.
  auto await_suspend(std::coroutine_handle<> handle) {
    const ContextWord outside = this->context_.suspend();
    [[maybe_unused]] const ContextWord word = this->context_.word();
    suspended_ = true;
    using Awaiter = std::remove_reference_t<decltype(this->awaiter_)>;
    using Result = decltype(this->awaiter_.await_suspend(this->inner(handle)));
    if constexpr (CoroutineHandle<Result>) {
      const Result next = this->awaiter_.await_suspend(this->inner(handle));
      if constexpr (!requires { Awaiter::hands_over; }) this_handover() = {next.address(), word};
      exchange_context(outside);
      return next;
    } else if constexpr (std::is_void_v<Result>) {
      this->awaiter_.await_suspend(this->inner(handle));
      exchange_context(outside);
    } else {
      const bool suspended = this->awaiter_.await_suspend(this->inner(handle));
      if (suspended) {
        exchange_context(outside);
      } else {
        suspended_ = false;
      }
      return suspended;
    }
  }
  decltype(auto) await_resume() {
    if (suspended_) {
      this_handover().to = nullptr;
      this->context_.enter();
    }
    return this->awaiter_.await_resume();
  }

 private:
  bool suspended_ = false;
};

template <class Promise, class Kept>
class InitialAwaiter : public PromiseAwaiter<Promise, Kept> {
 public:
  using PromiseAwaiter<Promise, Kept>::PromiseAwaiter;

  auto await_suspend(std::coroutine_handle<> handle) {
    frame_ = handle.address();
    return this->awaiter_.await_suspend(this->inner(handle));
  }
  decltype(auto) await_resume() {
    if (frame_ != nullptr) this->context_.start(frame_);
    return this->awaiter_.await_resume();
  }

 private:
  const void* frame_ = nullptr;  // once it was suspended
};

// The context is left before.
template <class Promise, class Kept>
class FinalAwaiter : public PromiseAwaiter<Promise, Kept> {
 public:
  using PromiseAwaiter<Promise, Kept>::PromiseAwaiter;

  auto await_suspend(std::coroutine_handle<> handle) noexcept { return this->awaiter_.await_suspend(this->inner(handle)); }
  void await_resume() noexcept { this->awaiter_.await_resume(); }
};

}  // namespace detail

// A promise whose coroutine has its context wherever it runs, while the thread that resumes it has its own back whenever it is
// suspended. It starts in the context in which it was made, or in that of the co_await which starts it. `Promise` is that of a
// task type of one's own, or of another's: then in a specialisation of std::coroutine_traits that every file sees which has such
// coroutines. A suspend and resume cost some 3 ns more.
template <class Promise>
class ContextPromise : public Promise {
 public:
  using Promise::Promise;

  // These are the promise's own, around which the context comes and goes.
  auto initial_suspend() noexcept(noexcept(std::declval<Promise&>().initial_suspend())) {
    return scout_awaiter<detail::InitialAwaiter>([this]() -> decltype(auto) { return Promise::initial_suspend(); });
  }
  // The context stays behind.
  auto final_suspend() noexcept {
    scout_context_.leave();
    return scout_awaiter<detail::FinalAwaiter>([this]() -> decltype(auto) { return Promise::final_suspend(); });
  }
  // The promise's, in the context of who resumed the coroutine.
  void unhandled_exception() {
    scout_context_.leave();  // it may throw, and then nothing follows
    Promise::unhandled_exception();
  }
  // The promise's, if it has one; the context leaves the thread with the suspension and is back with the resumption.
  template <class Awaited>
  auto await_transform(Awaited&& scout_awaitable) {
    return scout_awaiter<detail::ContextAwaiter>([&]() -> decltype(auto) {
      if constexpr (requires(Promise & scout_promise) {
                      scout_promise.await_transform(static_cast<Awaited&&>(scout_awaitable));
                    }) {
        return Promise::await_transform(static_cast<Awaited&&>(scout_awaitable));
      } else {
        return static_cast<Awaited&&>(scout_awaitable);
      }
    });
  }
  // Likewise, for promises that yield.
  template <class Value>
    requires requires(Promise& scout_promise, Value&& scout_value) {
      scout_promise.yield_value(static_cast<Value&&>(scout_value));
    }
  auto yield_value(Value&& scout_value) {
    return scout_awaiter<detail::ContextAwaiter>(
        [&]() -> decltype(auto) { return Promise::yield_value(static_cast<Value&&>(scout_value)); });
  }

 private:
  // Names that are not the promise's.
  template <template <class, class> class Awaiter, class Make>
  Awaiter<Promise, decltype(std::declval<Make>()())> scout_awaiter(Make scout_make) {
    return {scout_context_, scout_make};
  }

  detail::PromiseContext scout_context_;
};

namespace detail {

// Current from here to the end of the scope, wherever the coroutine is then.
template <class Open>
class AsyncScope {
 public:
  template <class... Arguments>
  explicit AsyncScope(Arguments&&... arguments) noexcept : open_(static_cast<Arguments&&>(arguments)...) {
    if (const TraceContext own = open_.context()) previous_ = exchange_context(own_ = ContextAccess::word_of(own));
  }
  ~AsyncScope() {
    if (own_.in_transaction() && current_place().context == own_) exchange_context(previous_);
  }
  AsyncScope(const AsyncScope&) = delete;
  AsyncScope& operator=(const AsyncScope&) = delete;

  // False: not recorded.
  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    return open_.tag(key, value);
  }
  void mark_error() { tag("error", "true"); }
  TraceContext context() const noexcept { return open_.context(); }

 private:
  Open open_;
  ContextWord own_, previous_;
};

}  // namespace detail

// The rest of a coroutine's scope as a span: what ScopedSpan is on a thread, for coroutines that keep their context.
class AsyncSpan : public detail::AsyncScope<Span> {
 public:
  // A literal, which is not copied.
  explicit AsyncSpan(Operation operation) noexcept : AsyncScope(operation) {}
  // "<kind>/<name>", copied.
  template <detail::TextLike Name>
  explicit AsyncSpan(const Name& name, detail::Text kind = {"Custom", 6}) noexcept : AsyncScope(name, kind) {}
};

// Transactions for the same coroutines; inside another transaction, spans of it.
class AsyncWebTransaction : public detail::AsyncScope<MovableTransaction> {
 public:
  // "Controller/<name>", copied.
  template <detail::TextLike Name>
  explicit AsyncWebTransaction(const Name& name) noexcept : AsyncScope(MovableTransaction::web(name)) {}
};
class AsyncBackgroundTransaction : public detail::AsyncScope<MovableTransaction> {
 public:
  // "Job/<name>", copied.
  template <detail::TextLike Name>
  explicit AsyncBackgroundTransaction(const Name& name) noexcept : AsyncScope(MovableTransaction::background(name)) {}
};

// co_await traced("load", awaitable): as co_await awaitable, in a span "Custom/load" from here until the result is there or the
// coroutine is destroyed. What the awaitable starts is below the span as far as its own coroutines keep their context. To be
// awaited once; an awaitable that is not a temporary must outlive it.
template <detail::Awaitable Awaited>
auto traced(Span span, Awaited&& awaitable) {
  return detail::Traced<Span, Awaited>(static_cast<Span&&>(span), static_cast<Awaited&&>(awaitable));
}
template <class Awaited>
auto traced(Operation operation, Awaited&& awaitable) {
  return traced(Span(operation), static_cast<Awaited&&>(awaitable));
}
template <detail::TextLike Name, class Awaited>
auto traced(const Name& name, Awaited&& awaitable, detail::Text kind = {"Custom", 6}) {
  return traced(Span(name, kind), static_cast<Awaited&&>(awaitable));
}

// The same as a transaction: a web request, a background job.
template <detail::Awaitable Awaited>
auto traced(MovableTransaction transaction, Awaited&& awaitable) {
  return detail::Traced<MovableTransaction, Awaited>(static_cast<MovableTransaction&&>(transaction),
                                                     static_cast<Awaited&&>(awaitable));
}
template <detail::TextLike Name, class Awaited>
auto traced_web(const Name& name, Awaited&& awaitable) {
  return traced(MovableTransaction::web(name), static_cast<Awaited&&>(awaitable));
}
template <detail::TextLike Name, class Awaited>
auto traced_background(const Name& name, Awaited&& awaitable) {
  return traced(MovableTransaction::background(name), static_cast<Awaited&&>(awaitable));
}

namespace detail {

template <class Open, class Function, class... Arguments>
auto call_below(Open open, Function& function, Arguments&&... arguments) {
  const Attach attach(context_below(open));
  return traced(static_cast<Open&&>(open), function(static_cast<Arguments&&>(arguments)...));
}

// For instrument().
template <class Function, class... Arguments>
auto call_awaited(AwaitedSpan span, Function& function, Arguments&&... arguments) {
  return call_below(Span(span.name, span.kind), function, static_cast<Arguments&&>(arguments)...);
}

template <class Kind, class Function>
class InstrumentedTransaction {
 public:
  InstrumentedTransaction(Text name, Function function) : name_(name), function_(static_cast<Function&&>(function)) {}

  template <class... Arguments>
    requires CallableWith<const Function, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) const { return run(function_, static_cast<Arguments&&>(arguments)...); }
  template <class... Arguments>
    requires CallableWith<Function, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) { return run(function_, static_cast<Arguments&&>(arguments)...); }

 private:
  template <class Callable, class... Arguments>
  decltype(auto) run(Callable& function, Arguments&&... arguments) const {
    if constexpr (Awaitable<decltype(function(static_cast<Arguments&&>(arguments)...))>) {
      return call_below(MovableTransaction(Kind::prefix(), name_.text()), function, static_cast<Arguments&&>(arguments)...);
    } else {
      const TransactionScope<Kind> transaction(name_.text());
      return function(static_cast<Arguments&&>(arguments)...);
    }
  }

  KeptName<128> name_;
  Function function_;
};

}  // namespace detail

// A callable that runs `function`, or awaits what it returns, as a transaction each time: instrument() for web requests and
// for background jobs. The name is copied (128 bytes).
template <detail::TextLike Name, class Function>
auto instrument_web(const Name& name, Function function) {
  return detail::InstrumentedTransaction<detail::WebKind, Function>(name, static_cast<Function&&>(function));
}
template <detail::TextLike Name, class Function>
auto instrument_background(const Name& name, Function function) {
  return detail::InstrumentedTransaction<detail::BackgroundKind, Function>(name, static_cast<Function&&>(function));
}

}  // namespace scout::inline v0

#endif
