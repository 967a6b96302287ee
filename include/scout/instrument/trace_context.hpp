#ifndef SCOUT_INSTRUMENT_TRACE_CONTEXT_HPP
#define SCOUT_INSTRUMENT_TRACE_CONTEXT_HPP

// Carrying the place in a trace from one thread to another: a value of 8 bytes, attached for a scope or bound to a callable.

#include "span.hpp"

namespace scout::inline v0 {

// The current transaction and span, by value. May outlive the transaction: what is recorded under it then is counted as late.
class TraceContext {
 public:
  TraceContext() = default;

  static TraceContext current() noexcept { return TraceContext(detail::current_place().context); }

  // Whether there is a transaction.
  explicit operator bool() const noexcept { return word_.in_transaction(); }
  friend bool operator==(TraceContext, TraceContext) = default;

 private:
  friend class Attach;
  friend class Span;
  explicit TraceContext(detail::ContextWord word) noexcept : word_(word) {}

  detail::ContextWord word_;
};

// Makes a context the calling thread's for the scope. The scopes of a thread must nest.
class Attach {
 public:
  explicit Attach(TraceContext context) noexcept : buffer_(detail::recording_buffer()) {
    if (buffer_ == nullptr) return;
    detail::BusySection busy(*buffer_);
    previous_ = busy.context();
    busy.leave_with(detail::moved_context(*buffer_, previous_, context.word_));
  }
  ~Attach() {
    if (buffer_ == nullptr) return;
    detail::BusySection busy(*buffer_);
    busy.leave_with(detail::moved_context(*buffer_, busy.context(), previous_));
  }
  Attach(const Attach&) = delete;
  Attach& operator=(const Attach&) = delete;

 private:
  detail::ThreadBuffer* buffer_;
  detail::ContextWord previous_;
};

inline TraceContext Span::context() const noexcept { return TraceContext(context_); }

namespace detail {

template <class Function>
class Bound {
 public:
  Bound(TraceContext context, Function function) : context_(context), function_(static_cast<Function&&>(function)) {}

  template <class... Arguments>
  decltype(auto) operator()(Arguments&&... arguments) {
    Attach attach(context_);
    return function_(static_cast<Arguments&&>(arguments)...);
  }
  template <class... Arguments>
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

// Whether a span that starts here would be recorded.
inline bool is_recording() noexcept {
  const detail::ContextWord context = detail::current_place().context;
  return context.in_transaction() && !context.suppressed();
}

// The id of the current transaction, for log lines; empty outside of one.
inline RequestId transaction_id() noexcept {
  const auto [buffer, context] = detail::current_place();
  if (!context.in_transaction()) return {};
  detail::TransactionSlots& slots = buffer->registry->slots;
  const detail::TransactionSlot* const slot = slots.find(context);
  return slot != nullptr ? buffer->registry->seed.request(slots.number(*slot)) : RequestId{};
}

namespace detail {

// What the configuration says to integrations. Precondition: is_recording().
inline const Settings& current_settings() noexcept { return thread_buffer->registry->settings; }

}  // namespace detail
}  // namespace scout::inline v0

#endif
