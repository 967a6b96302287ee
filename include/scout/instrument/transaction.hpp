#ifndef SCOUT_INSTRUMENT_TRANSACTION_HPP
#define SCOUT_INSTRUMENT_TRANSACTION_HPP

// Transactions: a web request ("Controller/<name>") or a background job ("Job/<name>"), and what is said about the current
// one. A transaction inside another is a span of it, as in Scout's Python agent.

#include "trace_context.hpp"

namespace scout::inline v0 {
namespace detail {

// A transaction's root, or the span that a nested transaction is.
struct OpenTransaction {
  OpenSpan span;
  bool root = false;
};

inline OpenSpan refuse_transaction(ThreadBuffer& buffer, Reason reason) noexcept {
  add(buffer.started_transactions);
  add(buffer.dropped_transactions[reason]);
  return {};
}

// Starts a transaction on a thread that is in none. An empty context: not recorded.
[[gnu::noinline]] inline OpenSpan start_root(std::uint64_t word, Text kind, Text name) noexcept {
  Registry* const registry = find_registry();
  if (registry == nullptr) return {};
  const Recording state = recording_state(*registry);
  if (state != Recording::on && state != Recording::slow_clock) return {};
  ThreadBuffer& buffer = load(this_thread_buffer()->registry) != nullptr ? *this_thread_buffer() : attach_thread();
  if (buffer.registry == nullptr) {
    __atomic_fetch_add(&registry->no_memory_transactions, 1u, __ATOMIC_RELAXED);
    return {};
  }
  BusySection busy(buffer);
  if (busy.context().bits != no_context) return {};  // a signal handler, or a transaction that recovery found
  const bool named = static_cast<RecordKind>(word >> 56) == RecordKind::span_named;
  if (named && !has_room(buffer, name_record_size(kind, name))) return refuse_transaction(buffer, Reason::ring_full);
  TransactionSlot* const slot = acquire_slot(*registry, buffer);
  if (slot == nullptr) return refuse_transaction(buffer, Reason::no_slot);
  const ContextWord context = ContextWord::root_of(registry->transactions.transaction(*slot));
  store(slot->flags, named ? std::uint32_t{TransactionSlot::named} : 0u);
  store<std::uint32_t>(slot->next_id, ContextWord::root_id + 1);
  store(slot->claimed, 0u);
  store(slot->refused_spans, 0u);
  store(slot->last_order, 0u);
  store(slot->incarnation, slot->incarnation + 1);
  slot->operation = word;
  if (named) put_name(buffer, context, kind, name);
  add(buffer.started_transactions);
  note_allocations(buffer, context);
  slot->start = current_ticks(*registry);
  __atomic_store_n(&slot->phase, TransactionSlot::live_phase(context), __ATOMIC_RELEASE);  // pairs with find()
  busy.leave_with(context);
  wake_collector(*registry);
  return {&buffer, context, {}, word, 0};
}

// Any thread; a second finish is a no-op.
inline void finish_root(ContextWord context) noexcept {
  const auto [buffer, current] = current_place();
  if (buffer->registry == nullptr) return;
  Registry& registry = *buffer->registry;
  if (TransactionSlot* const slot = registry.transactions.find(context)) {
    std::uint32_t expected = TransactionSlot::live_phase(context);
    if (__atomic_compare_exchange_n(&slot->phase, &expected, TransactionSlot::starting, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
      slot->stop = current_ticks(registry);
      if (load(registry.opt_ins.allocations) != nullptr) {
        BusySection busy(*buffer);
        note_allocations(*buffer, context);
      }
      __atomic_store_n(&slot->phase, TransactionSlot::finished, __ATOMIC_RELEASE);  // pairs with the collector's look
    }
  }
  if (current.transaction() != context.transaction()) return;
  BusySection busy(*buffer);
  busy.leave_with(moved_context(*buffer, current, {}));
}

// The thread's place; a transaction that was finished from another thread is left first, so that it cannot swallow the next.
inline Place live_place() noexcept {
  const auto [buffer, context] = current_place();
  if (!context.in_transaction() || buffer->registry->transactions.find(context) != nullptr) return {buffer, context};
  BusySection busy(*buffer);
  busy.leave_with(moved_context(*buffer, context, {}));
  return {buffer, {}};
}

[[gnu::noinline]] inline OpenTransaction start_transaction(std::uint64_t word, Text kind, Text name) noexcept {
  const auto [buffer, context] = live_place();
  if (!context.in_transaction()) {
    if (load(buffer->context) == busy_context) return {};
    return {start_root(word, kind, name), true};
  }
  const bool named = static_cast<RecordKind>(word >> 56) == RecordKind::span_named;
  OpenTransaction nested{named ? start_named_span(kind, name) : start_span(word), false};
  nested.span.keeps_stack = false;  // as roots, as in Scout's Python agent
  return nested;
}

inline void stop_transaction(const OpenTransaction& transaction) noexcept {
  if (!transaction.span.context.in_transaction()) return;
  if (transaction.root) {
    finish_root(transaction.span.context);
  } else {
    end_span(transaction.span);
  }
}

// Forgets what was started and never stopped, once its transaction is over. What was not recorded keeps its place as long as
// something below it lives, so that each stop meets its start.
inline void forget_unstopped(ThreadBuffer& buffer) noexcept {
  const std::uint32_t depth = load(buffer.explicit_depth), limit = ThreadBuffer::explicit_depth_limit;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < depth && i < limit; ++i) {
    const ContextWord own{load(buffer.explicit_frames[i].own)};
    const bool waits = own.in_transaction() ? buffer.registry->transactions.find(own) != nullptr : kept != 0;
    if (waits) kept = i + 1;
  }
  store(buffer.explicit_depth, kept < limit ? kept : depth);
}

// Deeper than the stack: not recorded, only counted, so that each stop meets its start.
inline void refuse_explicitly(ThreadBuffer& buffer, ContextWord parent) noexcept {
  if (parent.in_transaction()) {
    refuse_span(buffer, buffer.registry->transactions.find(parent), Reason::span_cap);
  } else {
    refuse_transaction(buffer, Reason::no_slot);
  }
  store(buffer.explicit_depth, load(buffer.explicit_depth) + 1);
}

// start() and stop() without a scope: the thread keeps a stack of what it has open.
inline void start_explicitly(Text kind, Text name) noexcept {
  const ContextWord previous = live_place().context;
  if (ThreadBuffer* const mine = recording_buffer()) {
    forget_unstopped(*mine);
    if (load(mine->explicit_depth) >= ThreadBuffer::explicit_depth_limit) return refuse_explicitly(*mine, previous);
  }
  const OpenSpan root = previous.in_transaction() ? OpenSpan{} : start_root(record_word(RecordKind::span_named), kind, name);
  ThreadBuffer* const buffer = recording_buffer();
  if (buffer == nullptr) return;
  std::uint64_t start = 0;
  const ContextWord own =
      previous.in_transaction() ? open_span(previous, record_word(RecordKind::opened_named), kind, name, start) : root.context;
  BusySection busy(*buffer);
  const std::uint32_t depth = load(buffer->explicit_depth);  // below the limit: this was looked at above, or nothing is open
  store(buffer->explicit_frames[depth].own, own.bits);
  store(buffer->explicit_frames[depth].previous, previous.bits);
  if (own.in_transaction()) busy.leave_with(own);
  store(buffer->explicit_depth, depth + 1);
}

// Stops what the thread started last; without anything open, and on another thread, it does nothing.
inline void stop_explicitly() noexcept {
  ThreadBuffer* const buffer = recording_buffer();
  if (buffer == nullptr || load(buffer->explicit_depth) == 0) return;
  const std::uint32_t depth = load(buffer->explicit_depth) - 1;
  store(buffer->explicit_depth, depth);
  if (depth >= ThreadBuffer::explicit_depth_limit) return;
  const ContextWord own{buffer->explicit_frames[depth].own}, previous{buffer->explicit_frames[depth].previous};
  if (!own.in_transaction()) return;
  if (!previous.in_transaction()) return finish_root(own);
  close_span(own, 0, false);
  BusySection busy(*buffer);
  if (busy.context() == own) busy.leave_with(previous);
}

// What web and background transactions share; `Kind` holds the prefix of their operations.
template <class Kind>
class TransactionScope {
 public:
  // "<prefix>/<name>", copied: any string type, at most 512 bytes. Names must not contain ids.
  template <TextLike Name>
  explicit TransactionScope(const Name& name) noexcept
      : transaction_(start_transaction(record_word(RecordKind::span_named), Kind::prefix(), name)) {}
  // The whole operation, not copied.
  explicit TransactionScope(Operation operation) noexcept
      : transaction_(start_transaction(record_word(RecordKind::span, operation.c_str()), {"", 0}, {"", 0})) {}
  ~TransactionScope() { stop_transaction(transaction_); }
  TransactionScope(const TransactionScope&) = delete;
  TransactionScope& operator=(const TransactionScope&) = delete;

  // A tag of the request, as Scout's Python agent does. False: not recorded.
  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    const ContextWord context = transaction_.span.context;
    if (!context.in_transaction()) return !transaction_.root && scout::detail::tag_request(key, value);
    ThreadBuffer* const buffer = recording_buffer();
    return buffer != nullptr && put_tag(*buffer, in_order(*buffer, context.request()), key, value);
  }

  // For code whose beginning and end share no scope; on one thread, nested at will.
  template <TextLike Name>
  static void start(const Name& name) noexcept {
    start_explicitly(Kind::prefix(), name);
  }
  static void stop() noexcept { stop_explicitly(); }

 private:
  OpenTransaction transaction_;
};

struct WebKind {
  static constexpr Text prefix() noexcept { return {"Controller", 10}; }
};
struct BackgroundKind {
  static constexpr Text prefix() noexcept { return {"Job", 3}; }
};

// Letters, digits, dash and underscore, as Scout documents for custom context.
inline bool is_context_key(TagKey key) noexcept {
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key.data()[i];
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed) return false;
  }
  return key.size() != 0;
}

inline bool refuse_context() noexcept {
  const auto [buffer, context] = current_place();
  return context.in_transaction() && drop_tag(*buffer);
}

}  // namespace detail

// A request of a web service: operation "Controller/<name>", until the end of the scope.
struct WebTransaction : detail::TransactionScope<detail::WebKind> {
  using TransactionScope::TransactionScope;
};

// A job, a message, a cron task: operation "Job/<name>", until the end of the scope.
struct BackgroundTransaction : detail::TransactionScope<detail::BackgroundKind> {
  using TransactionScope::TransactionScope;
};

// The functions below speak of the transaction that the calling thread is in; outside of one they do nothing.

// Custom context, shown with the trace. Keys: [A-Za-z0-9_-]+, anything else is refused and counted (Stats::dropped_tags). The last
// value of a key counts, on whatever thread. False: not recorded.
template <Taggable T>
bool add_context(TagKey key, const T& value) {
  return detail::is_context_key(key) ? detail::tag_request(key, value) : detail::refuse_context();
}

// Who the request is for: the context key "user_<key>", as Scout's Ruby agent does. Of `key` at most 64 bytes, or it is refused.
template <Taggable T>
bool add_user(TagKey key, const T& value) {
  constexpr char prefix[] = "user_";
  char whole[sizeof prefix + 64] = "user_";
  if (!detail::is_context_key(key) || key.size() > 64) return detail::refuse_context();
  __builtin_memcpy(whole + sizeof prefix - 1, key.data(), key.size());
  return detail::tag_request(static_cast<const char*>(whole), value);
}

namespace detail {

inline void flag_transaction(TransactionSlot::Flag flag) noexcept {
  const auto [buffer, context] = current_place();
  if (!context.in_transaction()) return;
  if (TransactionSlot* const slot = buffer->registry->transactions.find(context)) {
    __atomic_fetch_or(&slot->flags, std::uint32_t{flag}, __ATOMIC_RELAXED);
  }
}

}  // namespace detail

// The transaction is counted and not sent, whatever the configuration says.
inline void ignore_transaction() noexcept { detail::flag_transaction(detail::TransactionSlot::ignored); }

// The whole new name with its prefix ("Controller/graphql.Users"); the last call wins, on whatever thread, an empty name is none.
template <detail::TextLike Name>
void rename_transaction(const Name& name) noexcept {
  if (const detail::Text text(name); text.size != 0) detail::tag_request("transaction.name", name);
}

// The request failed: the tag error = "true", as Scout's agents write it. In a catch block of a program that includes
// instrument/error_capture.hpp also the tag error_stack: where the exception was thrown.
inline void mark_error() noexcept {
  const auto [buffer, context] = detail::current_place();
  if (context.in_transaction()) detail::put_error(*buffer, detail::in_order(*buffer, context.request()));
}

}  // namespace scout::inline v0

#endif
