#ifndef SCOUT_INSTRUMENT_SPAN_HPP
#define SCOUT_INSTRUMENT_SPAN_HPP

// Spans: ScopedSpan for a scope on one thread, Span for work that starts here and ends anywhere, instrument() for a callable.
// Outside a transaction they record nothing. They never throw, block or allocate.

#include "tagging.hpp"

namespace scout::inline v0 {

struct SpanOptions {
  bool ignore = false;           // not recorded; its children hang on its parent
  bool ignore_children = false;  // nothing below it is recorded
  bool leaf = false;             // the same, said of a span whose inner work belongs to it
  bool capture_backtrace = true; // when it turns out to be slow
};

// Times the rest of the scope and is the parent of the spans that start meanwhile on its thread. Must be destroyed on the
// thread that made it (a Span may move). Costs two clock reads and some eighty instructions.
class ScopedSpan {
 public:
  [[gnu::always_inline]] explicit ScopedSpan(Operation operation) noexcept
      : span_(detail::start_span(detail::record_word(detail::RecordKind::span, operation.c_str()))) {}
  ScopedSpan(Operation operation, SpanOptions options) noexcept
      : span_(options.ignore ? detail::OpenSpan{}
                             : detail::start_span(detail::record_word(detail::RecordKind::span, operation.c_str()))) {
    apply(options);
  }
  // "<kind>/<name>", copied: any string type, at most 512 bytes.
  template <detail::TextLike Name>
  explicit ScopedSpan(const Name& name, detail::Text kind = {"Custom", 6}, SpanOptions options = {}) noexcept
      : span_(options.ignore ? detail::OpenSpan{} : detail::start_named_span(kind, name)) {
    apply(options);
  }
  [[gnu::always_inline]] explicit ScopedSpan(detail::FunctionName function) noexcept
      : span_(detail::start_span(detail::record_word(detail::RecordKind::span_of_function, function.text))) {}

  [[gnu::always_inline]] ~ScopedSpan() {
    if (covered_.in_transaction()) uncover();
    if (span_.context.in_transaction()) detail::end_span(span_);
  }
  ScopedSpan(const ScopedSpan&) = delete;
  ScopedSpan& operator=(const ScopedSpan&) = delete;

  // False: not recorded (no transaction, no room, an empty or over-long key). One record for scalars and short strings.
  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    if (!span_.context.in_transaction()) return false;
    detail::ThreadBuffer& buffer = span_.buffer != nullptr ? *span_.buffer : *detail::thread_buffer;
    return detail::put_tag(buffer, span_.context, key, value);
  }

  // Marks the span as failed: the tag error = "true", as Scout's Node agent does.
  void mark_error() { tag("error", "true"); }

 private:
  // Below a leaf, or an ignored subtree, the thread's context says so and has no ids at hand: every start takes the slow path
  // and sees it.
  void apply(SpanOptions options) noexcept {
    if (!options.leaf && !options.ignore_children) return;
    const detail::ContextWord below = options.ignore ? detail::current_place().context : span_.context;
    if (!below.in_transaction() || below.suppressed()) return;
    detail::ThreadBuffer& buffer = *detail::thread_buffer;
    detail::BusySection busy(buffer);
    detail::return_ids(buffer, below);
    busy.leave_with(below.child(detail::ContextWord::suppressed_id));
    covered_ = below;
  }
  void uncover() noexcept {
    detail::BusySection busy(*detail::thread_buffer);
    if (busy.context() == covered_.child(detail::ContextWord::suppressed_id)) busy.leave_with(covered_);
  }

  detail::OpenSpan span_;
  detail::ContextWord covered_;  // where nothing more is recorded: below the span, or where an ignored one stands
};

namespace detail {

// The thread's buffer for a record of a span that is not bound to a thread; nullptr: there is none to be had.
inline ThreadBuffer* recording_buffer() noexcept {
  const auto [buffer, context] = current_place();
  return buffer->registry != nullptr && load(buffer->context) != busy_context ? buffer : nullptr;
}

// Admits a span below `parent` whose first record is written at once: `record` with the span's context, after its name
// where the record's word has no literal. Empty: not recorded.
inline ContextWord put_new_span(ContextWord parent, Record record, Text kind, Text name) noexcept {
  if (!parent.in_transaction()) return {};
  ThreadBuffer* const buffer = recording_buffer();
  if (buffer == nullptr) return {};
  BusySection busy(*buffer);
  if (parent.suppressed()) {
    add(buffer->ignored_spans);
    return {};
  }
  Registry& registry = *buffer->registry;
  TransactionSlot* const slot = registry.slots.find(parent);
  const bool named = record.literal() == nullptr;
  const auto refused = [&](Reason reason) {
    refuse_span(*buffer, slot, reason);
    return ContextWord{};
  };
  if (slot == nullptr) return refused(Reason::late);
  if (!has_room(*buffer, sizeof(Record) + (named ? name_record_size(kind, name) : 0))) return refused(Reason::ring_full);
  const IdRange ids = claim_ids(*slot, 1, registry.settings.span_cap);
  if (ids.count == 0) return refused(Reason::span_cap);
  const ContextWord context = parent.child(ids.first);
  add(buffer->opened_spans);
  if (named) put_name(*buffer, context, kind, name);
  record.context = context.bits;
  put(*buffer, record);
  return context;
}

// Starts a movable span below `parent`, now.
inline ContextWord open_span(ContextWord parent, std::uint64_t word, Text kind, Text name) noexcept {
  ThreadBuffer* const buffer = parent.in_transaction() ? recording_buffer() : nullptr;
  return buffer == nullptr ? ContextWord{} : put_new_span(parent, {word, current_ticks(*buffer->registry), 0, 0}, kind, name);
}

// Nanoseconds since the epoch of a time point's clock; without <chrono>.
template <class TimePoint>
constexpr std::int64_t nanoseconds_of(TimePoint time) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  const auto count = time.time_since_epoch().count();
  if constexpr (second % TimePoint::period::den == 0) {
    return static_cast<std::int64_t>(count * (TimePoint::period::num * (second / TimePoint::period::den)));
  } else {
    return static_cast<std::int64_t>(static_cast<double>(count) * (1e9 * TimePoint::period::num / TimePoint::period::den));
  }
}

template <class TimePoint>
constexpr Record added_record(const char* literal, TimePoint start, TimePoint stop) noexcept {
  const RecordKind kind = TimePoint::clock::is_steady ? RecordKind::added_steady : RecordKind::added_wall;
  const std::int64_t from = nanoseconds_of(start), to = nanoseconds_of(stop);
  return {record_word(kind, literal), static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to < from ? from : to), 0};
}

inline void close_span(ContextWord context) noexcept {
  ThreadBuffer* const buffer = recording_buffer();
  if (buffer == nullptr) return;
  BusySection busy(*buffer);
  put_end(*buffer, context);
}

}  // namespace detail

class TraceContext;

// A span as a value: starts where it is made, may be moved, ends when end() is called or it is destroyed, on any thread.
// It is never the current span of a thread; hang spans below it with child(), or Attach its context().
class Span {
 public:
  // Below the current span of this thread.
  explicit Span(Operation operation) noexcept
      : Span(detail::current_place().context, detail::record_word(detail::RecordKind::opened, operation.c_str())) {}
  template <detail::TextLike Name>
  explicit Span(const Name& name, detail::Text kind = {"Custom", 6}) noexcept
      : Span(detail::current_place().context, detail::record_word(detail::RecordKind::opened_named), kind, name) {}

  Span(Span&& other) noexcept : context_(other.context_) { other.context_ = {}; }
  Span& operator=(Span&& other) noexcept {
    if (this != &other) {
      end();
      context_ = other.context_;
      other.context_ = {};
    }
    return *this;
  }
  ~Span() { end(); }

  // Needs no context of the calling thread.
  template <detail::TextLike Name>
  Span child(const Name& name, detail::Text kind = {"Custom", 6}) const noexcept {
    return Span(context_, detail::record_word(detail::RecordKind::opened_named), kind, name);
  }
  Span child(Operation operation) const noexcept {
    return Span(context_, detail::record_word(detail::RecordKind::opened, operation.c_str()));
  }

  // A second end is a no-op.
  void end() noexcept {
    if (!context_.in_transaction()) return;
    detail::close_span(context_);
    context_ = {};
  }

  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    if (!context_.in_transaction()) return false;
    detail::ThreadBuffer* const buffer = detail::recording_buffer();
    return buffer != nullptr && detail::put_tag(*buffer, context_, key, value);
  }
  void mark_error() { tag("error", "true"); }

  TraceContext context() const noexcept;

 private:
  Span(detail::ContextWord parent, std::uint64_t word, detail::Text kind = {"", 0}, detail::Text name = {"", 0}) noexcept
      : context_(detail::open_span(parent, word, kind, name)) {}

  detail::ContextWord context_;
};

// A span that is over already, such as work that a library has timed itself, below the current span of this thread. Times
// are those of std::chrono::steady_clock or system_clock; a stop before the start counts as the start. False: not recorded.
template <class TimePoint>
bool add_span(Operation operation, TimePoint start, TimePoint stop) noexcept {
  const detail::Record record = detail::added_record(operation.c_str(), start, stop);
  return detail::put_new_span(detail::current_place().context, record, {"", 0}, {"", 0}).in_transaction();
}
template <detail::TextLike Name, class TimePoint>
bool add_span(const Name& name, TimePoint start, TimePoint stop, detail::Text kind = {"Custom", 6}) noexcept {
  const detail::Record record = detail::added_record(nullptr, start, stop);
  return detail::put_new_span(detail::current_place().context, record, kind, name).in_transaction();
}

namespace detail {

template <class Function>
class Instrumented {
 public:
  Instrumented(Text name, Text kind, Function function) : function_(static_cast<Function&&>(function)) {
    name_size_ = keep(name_, name);
    kind_size_ = keep(kind_, kind);
  }

  template <class Self = Function, class... Arguments>
  decltype(auto) operator()(Arguments&&... arguments) {
    ScopedSpan span(Text{name_, name_size_}, Text{kind_, kind_size_});
    return function_(static_cast<Arguments&&>(arguments)...);
  }
  template <class... Arguments>
  decltype(auto) operator()(Arguments&&... arguments) const {
    ScopedSpan span(Text{name_, name_size_}, Text{kind_, kind_size_});
    return function_(static_cast<Arguments&&>(arguments)...);
  }

 private:
  template <std::size_t N>
  static std::size_t keep(char (&to)[N], Text text) noexcept {
    const std::size_t size = text.size < N ? text.size : N;
    if (size != 0) __builtin_memcpy(to, text.data, size);
    return size;
  }

  Function function_;
  char name_[128], kind_[32];
  std::size_t name_size_, kind_size_;
};

}  // namespace detail

// A callable that runs `function` in a span "<kind>/<name>" each time; may be called from several threads at once if
// `function` may. The name is copied (128 bytes, the kind 32).
template <detail::TextLike Name, class Function>
auto instrument(const Name& name, Function function, detail::Text kind = {"Custom", 6}) {
  return detail::Instrumented<Function>(name, kind, static_cast<Function&&>(function));
}

}  // namespace scout::inline v0

#endif
