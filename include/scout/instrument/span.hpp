#ifndef SCOUT_INSTRUMENT_SPAN_HPP
#define SCOUT_INSTRUMENT_SPAN_HPP

// Spans: ScopedSpan for a scope on one thread, Span for work that starts here and ends anywhere, instrument() for a callable.
// Outside a transaction they record nothing. They never throw, block or allocate.

#include "tagging.hpp"

namespace scout::inline v0 {

// Of one span of a scope.
struct SpanOptions {
  bool ignore = false;            // not recorded; its children hang on its parent
  bool ignore_children = false;   // nothing below it is recorded, nor a tag that is set there
  bool leaf = false;              // nothing below it is recorded but tags: they belong to it, as the work does
  bool capture_backtrace = true;  // when it turns out to be slow (configuration: slow_span_seconds)
};

// Times the rest of the scope and is the parent of the spans that start meanwhile on its thread. Must be destroyed on the
// thread that made it, after those that it made later (a Span may move). Costs two clock reads and some forty instructions.
class ScopedSpan {
 public:
  // A literal, checked while compiling: it is not copied.
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
    if (covered_.in_transaction()) uncover(covered_);
    detail::end_span(span_);
  }
  ScopedSpan(const ScopedSpan&) = delete;
  ScopedSpan& operator=(const ScopedSpan&) = delete;

  // False: not recorded (no transaction, no room, an empty or over-long key). One record for scalars and short strings.
  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    if (!span_.is_recorded()) return false;
    detail::ThreadBuffer& buffer = span_.buffer != nullptr ? *span_.buffer : *detail::this_thread_buffer();
    return detail::put_tag(buffer, span_.context.with_order(0), key, value);
  }

  // Marks the span as failed: the tag error = "true", as Scout's Node agent does.
  void mark_error() noexcept {
    if (span_.is_recorded()) detail::put_error(*detail::this_thread_buffer(), span_.context.with_order(0));
  }

  // As those of a Span, below.
  template <detail::TextLike Statement>
  bool statement(const Statement& text) {
    repeats(text);
    return tag("db.statement", text);
  }
  template <detail::TextLike What>
  void repeats(const What& what) noexcept {
    detail::set_statement(span_, what);
  }

 private:
  // Below a leaf, or an ignored subtree, the thread's context says so and has no ids at hand: every start takes the slow path
  // and sees it.
  void apply(SpanOptions options) noexcept {
    span_.keeps_stack = options.capture_backtrace;
    if (!options.leaf && !options.ignore_children) return;
    const detail::ContextWord below = options.ignore ? detail::current_place().context : span_.context;
    if (!below.in_transaction() || below.suppressed()) return;
    detail::ThreadBuffer& buffer = *detail::this_thread_buffer();
    detail::BusySection busy(buffer);
    detail::return_ids(buffer, below);
    using detail::ContextWord;
    busy.leave_with(options.ignore ? below.hide() : below.child(options.leaf ? ContextWord::leaf_id : ContextWord::ignoring_id));
    covered_ = below;
  }
  [[gnu::cold, gnu::noinline]] static void uncover(detail::ContextWord covered) noexcept {
    detail::BusySection busy(*detail::this_thread_buffer());
    const detail::ContextWord context = busy.context();
    if (context.suppressed() && context.request() == covered.request() && context.nearest() == covered.span())
      busy.leave_with(covered);
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
  TransactionSlot* const slot = registry.transactions.find(parent);
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
  append(*buffer, record);
  return context;
}

// Starts a movable span below `parent`, now unless a start is given; `now` becomes the present tick.
inline ContextWord open_span(ContextWord parent, std::uint64_t word, Text kind, Text name, std::uint64_t& now,
                             Instant start = {}) noexcept {
  ThreadBuffer* const buffer = parent.in_transaction() ? recording_buffer() : nullptr;
  if (buffer == nullptr) return {};
  now = current_ticks(*buffer->registry);
  if (start.clock == RecordClock::ticks) start.time = now;
  const ContextWord context = put_new_span(parent, {word, start.time, static_cast<std::uint64_t>(start.clock), 0}, kind, name);
  if (load(buffer->registry->opt_ins.allocations) != nullptr && context.in_transaction()) {
    BusySection busy(*buffer);
    note_allocations(*buffer, context);
  }
  return context;
}

// Nanoseconds since the epoch of a time point's clock, as far as they can be counted; without <chrono>.
template <class TimePoint>
constexpr std::int64_t nanoseconds_of(TimePoint time) noexcept {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr double countable = 9.2e18;
  const auto count = time.time_since_epoch().count();
  const double nearly = static_cast<double>(count) * (1e9 * TimePoint::period::num / TimePoint::period::den);
  if (!(nearly < countable)) return __INT64_MAX__;
  if (nearly < -countable) return -__INT64_MAX__;
  if constexpr (second % TimePoint::period::den == 0) {
    return static_cast<std::int64_t>(count * (TimePoint::period::num * (second / TimePoint::period::den)));
  } else {
    return static_cast<std::int64_t>(nearly);
  }
}

// The last one counts, whatever thread gives it.
inline bool rename_span(ContextWord context, Text kind, Text name) noexcept {
  ThreadBuffer* const buffer = recording_buffer();
  if (buffer == nullptr) return false;
  BusySection busy(*buffer);
  if (!has_room(*buffer, name_record_size(kind, name))) return false;
  put_name(*buffer, context, kind, name, next_order(*buffer, context));
  return true;
}

template <class TimePoint>
constexpr Instant instant_of(TimePoint time) noexcept {
  return {TimePoint::clock::is_steady ? RecordClock::steady : RecordClock::wall,
          static_cast<std::uint64_t>(nanoseconds_of(time))};
}

template <class TimePoint>
constexpr Record added_record(const char* literal, TimePoint start, TimePoint stop) noexcept {
  const RecordKind kind = TimePoint::clock::is_steady ? RecordKind::added_steady : RecordKind::added_wall;
  const std::int64_t from = nanoseconds_of(start), to = nanoseconds_of(stop);
  return {record_word(kind, literal), static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to < from ? from : to), 0};
}

// Ends a movable span. Its stack, if it keeps one, begins above this function and the `skipped` that call it.
[[gnu::noinline, gnu::visibility("hidden")]] inline void close_span(ContextWord context, std::uint64_t start, bool keeps_stack,
                                                                    Instant stop = {}, std::uint32_t statement = 0,
                                                                    std::uint32_t skipped = 0) noexcept {
  ThreadBuffer* const buffer = recording_buffer();
  if (buffer == nullptr) return;
  BusySection busy(*buffer);
  put_end(*buffer, context, start, keeps_stack, 2 + skipped, stop, statement);
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

  // Started before it could be said, such as by a library that tells when: a time of std::chrono::steady_clock or system_clock.
  template <class TimePoint>
    requires requires { typename TimePoint::clock; }
  Span(Operation operation, TimePoint start) noexcept
      : Span(detail::current_place().context, detail::record_word(detail::RecordKind::opened, operation.c_str()), {"", 0},
             {"", 0}, detail::instant_of(start)) {}
  template <detail::TextLike Name, class TimePoint>
    requires requires { typename TimePoint::clock; }
  Span(const Name& name, TimePoint start, detail::Text kind = {"Custom", 6}) noexcept
      : Span(detail::current_place().context, detail::record_word(detail::RecordKind::opened_named), kind, name,
             detail::instant_of(start)) {}

  // The other one is over without an end.
  Span(Span&& other) noexcept
      : start_(other.start_), statement_(other.statement_), is_recorded_(other.is_recorded_), context_(other.context_) {
    other.forget();
  }
  // Ends what this one was.
  Span& operator=(Span&& other) noexcept {
    if (this != &other) {
      end();
      context_ = other.context_;
      start_ = other.start_;
      statement_ = other.statement_;
      is_recorded_ = other.is_recorded_;
      other.forget();
    }
    return *this;
  }
  // A call, so that a stack of a slow span begins above it, however the program is compiled.
  [[gnu::noinline]] ~Span() { close({}, 1); }

  // Needs no context of the calling thread.
  template <detail::TextLike Name>
  Span child(const Name& name, detail::Text kind = {"Custom", 6}) const noexcept {
    return Span(context_, detail::record_word(detail::RecordKind::opened_named), kind, name);
  }
  Span child(Operation operation) const noexcept {
    return Span(context_, detail::record_word(detail::RecordKind::opened, operation.c_str()));
  }

  // For a span whose name is known only later, such as a request whose method its library tells when it is over. The last name
  // counts. False: not recorded, or no room.
  template <detail::TextLike Name>
  bool rename(const Name& name, detail::Text kind = {"Custom", 6}) noexcept {
    return is_recorded_ && detail::rename_span(context_, kind, name);
  }

  // A second end is a no-op.
  [[gnu::always_inline]] void end() noexcept { close({}, 0); }
  template <class TimePoint>
    requires requires { typename TimePoint::clock; }
  [[gnu::always_inline]] void end(TimePoint stop) noexcept {
    close(detail::instant_of(stop), 0);
  }

  // On any thread. False: not recorded (no transaction, no room, an empty or over-long key).
  template <Taggable T>
  bool tag(TagKey key, const T& value) {
    if (!is_recorded_) return false;
    detail::ThreadBuffer* const buffer = detail::recording_buffer();
    return buffer != nullptr && detail::put_tag(*buffer, detail::in_order(*buffer, context_), key, value);
  }
  // The tag error = "true", on any thread.
  void mark_error() noexcept {
    detail::ThreadBuffer* const buffer = is_recorded_ ? detail::recording_buffer() : nullptr;
    if (buffer != nullptr) detail::put_error(*buffer, detail::in_order(*buffer, context_));
  }

  // What the span asks a database or another service for: the tag db.statement, counted so that the same again and again is
  // noticed, whatever its values (n_plus_one.hpp). Some 0.5 ns a character. False: not recorded.
  template <detail::TextLike Statement>
  bool statement(const Statement& text) {
    repeats(text);
    return tag("db.statement", text);
  }
  // The counting alone, for work that has no statement but a text to be known by.
  template <detail::TextLike What>
  void repeats(const What& what) noexcept {
    detail::ThreadBuffer* const buffer = is_recorded_ ? detail::recording_buffer() : nullptr;
    if (buffer != nullptr) statement_ = detail::statement_hash(*buffer->registry, what);
  }

  // For work below this span, on any thread, also once it has ended; where it is not recorded, for work below its parent.
  TraceContext context() const noexcept;

 private:
  Span(detail::ContextWord parent, std::uint64_t word, detail::Text kind = {"", 0}, detail::Text name = {"", 0},
       detail::Instant start = {}) noexcept
      : context_(detail::open_span(parent, word, kind, name, start_, start)) {
    is_recorded_ = context_.in_transaction();
    if (!is_recorded_) context_ = parent.below_unrecorded();
  }

  [[gnu::always_inline]] void close(detail::Instant stop, std::uint32_t skipped_frames) noexcept {
    if (is_recorded_) {
      detail::close_span(context_, start_, true, stop, statement_, skipped_frames);
      detail::stay_on_stack();
    }
    is_recorded_ = false;
  }
  void forget() noexcept {
    is_recorded_ = false;
    context_ = {};
  }

  std::uint64_t start_ = 0;      // ticks
  std::uint32_t statement_ = 0;  // its hash
  bool is_recorded_ = false;
  detail::ContextWord context_;  // of one that is not recorded, its parent's
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

template <class Function, class... Arguments>
concept CallableWith = requires(Function& function, Arguments&&... arguments) { function(static_cast<Arguments&&>(arguments)...); };

// What co_await takes by itself; without <coroutine>.
template <class T>
concept Awaitable = requires(T&& t) { static_cast<T&&>(t).await_ready(); } ||
                    requires(T&& t) { static_cast<T&&>(t).operator co_await(); } ||
                    requires(T&& t) { operator co_await(static_cast<T&&>(t)); };

// The span of a call whose result is awaited: call_awaited() for it is in coroutine.hpp, which such a caller includes.
struct AwaitedSpan {
  Text name, kind;
};
struct ContextAccess;

template <class Function, class... Arguments>
decltype(auto) call_in_span(AwaitedSpan span, Function& function, Arguments&&... arguments) {
  if constexpr (Awaitable<decltype(function(static_cast<Arguments&&>(arguments)...))>) {
    return call_awaited(span, function, static_cast<Arguments&&>(arguments)...);
  } else {
    ScopedSpan scope(span.name, span.kind);
    return function(static_cast<Arguments&&>(arguments)...);
  }
}

template <std::size_t Room>
class KeptName {
 public:
  explicit KeptName(Text text) noexcept : size_(text.size < Room ? text.size : Room) {
    if (size_ != 0) __builtin_memcpy(text_, text.data, size_);
  }
  Text text() const noexcept { return {text_, size_}; }

 private:
  char text_[Room];
  std::size_t size_;
};

template <class Function>
class Instrumented {
 public:
  Instrumented(Text name, Text kind, Function function) : function_(static_cast<Function&&>(function)), name_(name), kind_(kind) {}

  template <class... Arguments>
    requires CallableWith<Function, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) {
    return call_in_span(span(), function_, static_cast<Arguments&&>(arguments)...);
  }
  template <class... Arguments>
    requires CallableWith<const Function, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) const {
    return call_in_span(span(), function_, static_cast<Arguments&&>(arguments)...);
  }

 private:
  AwaitedSpan span() const noexcept { return {name_.text(), kind_.text()}; }

  Function function_;
  KeptName<128> name_;
  KeptName<32> kind_;
};

}  // namespace detail

// A callable that runs `function` in a span "<kind>/<name>" each time; may be called from several threads at once if
// `function` may. The name is copied (128 bytes, the kind 32). With coroutine.hpp `function` may return what is awaited: the span
// lasts from the call until the awaited result is there.
template <detail::TextLike Name, class Function>
auto instrument(const Name& name, Function function, detail::Text kind = {"Custom", 6}) {
  return detail::Instrumented<Function>(name, kind, static_cast<Function&&>(function));
}

}  // namespace scout::inline v0

#endif
