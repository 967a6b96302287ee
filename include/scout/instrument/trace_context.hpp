#ifndef SCOUT_INSTRUMENT_TRACE_CONTEXT_HPP
#define SCOUT_INSTRUMENT_TRACE_CONTEXT_HPP

// Carrying the place in a trace from one thread to another: a value of 8 bytes, attached for a scope or bound to a callable.

#include "span.hpp"

namespace scout::inline v0 {

// The current transaction and span, by value. May outlive the transaction: what is recorded under it then is counted as late.
class TraceContext {
 public:
  TraceContext() = default;

  // The calling thread's.
  static TraceContext current() noexcept { return TraceContext(detail::current_place().context); }

  // Whether there is a transaction.
  explicit operator bool() const noexcept { return word_.in_transaction(); }
  friend bool operator==(TraceContext, TraceContext) = default;

 private:
  friend class Attach;
  friend class Span;
  friend struct detail::ContextAccess;
  explicit TraceContext(detail::ContextWord word) noexcept : word_(word) {}

  detail::ContextWord word_;
};

// Makes a context the calling thread's for the scope. The scopes of a thread must nest: a coroutine that may be suspended inside
// one needs a promise with the context (coroutine.hpp); it may then go on, and end the scope, on another thread.
class Attach {
 public:
  // Does nothing where the thread has no buffer.
  explicit Attach(TraceContext context) noexcept : buffer_(detail::recording_buffer()), attached_(context.word_) {
    if (buffer_ == nullptr) return;
    detail::BusySection busy(*buffer_);
    previous_ = busy.context();
    busy.leave_with(detail::moved_context(*buffer_, previous_, attached_));
  }
  ~Attach() {
    if (buffer_ == nullptr) return;
    detail::ThreadBuffer* const buffer = detail::recording_buffer();
    if (buffer == nullptr) return;
    detail::BusySection busy(*buffer);
    if (buffer == buffer_ || busy.context() == attached_)  // another thread's context is left alone
      busy.leave_with(detail::moved_context(*buffer, busy.context(), previous_));
  }
  Attach(const Attach&) = delete;
  Attach& operator=(const Attach&) = delete;

 private:
  detail::ThreadBuffer* buffer_;
  detail::ContextWord attached_, previous_;
};

inline TraceContext Span::context() const noexcept { return TraceContext(context_); }

namespace detail {

template <class Function>
class Bound {
 public:
  Bound(TraceContext context, Function function) : context_(context), function_(static_cast<Function&&>(function)) {}

  template <class... Arguments>
    requires CallableWith<Function, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) {
    Attach attach(context_);
    return function_(static_cast<Arguments&&>(arguments)...);
  }
  template <class... Arguments>
    requires CallableWith<const Function, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) const {
    Attach attach(context_);
    return function_(static_cast<Arguments&&>(arguments)...);
  }

 private:
  TraceContext context_;
  Function function_;
};

}  // namespace detail

// A callable that runs `function` in the context that is current now, on whatever thread it is called.
template <class Function>
auto bind(Function function) {
  return detail::Bound<Function>(TraceContext::current(), static_cast<Function&&>(function));
}

// Whether a span that starts here would be recorded, as long as its transaction has room for one.
inline bool is_recording() noexcept {
  const auto [buffer, context] = detail::current_place();
  return context.in_transaction() && !context.suppressed() && buffer->registry->transactions.find(context) != nullptr;
}

// The id of the current transaction, for log lines; empty outside of one.
inline RequestId transaction_id() noexcept {
  const auto [buffer, context] = detail::current_place();
  if (!context.in_transaction()) return {};
  detail::TransactionSlots& transactions = buffer->registry->transactions;
  const detail::TransactionSlot* const slot = transactions.find(context);
  return slot != nullptr ? buffer->registry->seed.request(transactions.number(*slot)) : RequestId{};
}

namespace detail {

// What the configuration says to integrations. Precondition: is_recording().
inline const Settings& current_settings() noexcept { return this_thread_buffer()->registry->settings; }

// Whether a span of an integration would be recorded: not where the key disabled_instruments names it.
inline bool is_instrumented(Text integration) noexcept {
  if (!is_recording()) return false;
  const SettingTexts* const disabled = __atomic_load_n(&current_settings().disabled_instruments, __ATOMIC_ACQUIRE);
  if (disabled == nullptr) return true;
  for (std::size_t i = 0; i < disabled->count; ++i) {
    const SettingText& name = disabled->first[i];
    if (name.size == integration.size && __builtin_memcmp(name.data, integration.data, name.size) == 0) return false;
  }
  return true;
}

}  // namespace detail
}  // namespace scout::inline v0

#endif
