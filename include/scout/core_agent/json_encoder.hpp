#ifndef SCOUT_CORE_AGENT_JSON_ENCODER_HPP
#define SCOUT_CORE_AGENT_JSON_ENCODER_HPP

// The core agent's messages as JSON text, written straight into a caller's buffer: constant fragments around ids, times and
// escaped strings. One encoder per sink; its stack of open spans is reused, so a batch allocates nothing once it has been
// as deep before.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/identity.hpp"
#include "../core/json_text.hpp"
#include "../sink/application_event.hpp"
#include "../sink/trace.hpp"

namespace scout::inline v0 {

namespace detail {

// Writes where its owner has made sure of the room.
struct PlainWriter {
  char* out;

  void append(const char* text, std::size_t size) noexcept {
    std::memcpy(out, text, size);
    out += size;
  }
};

}  // namespace detail

// Never writes beyond its buffer, but counts on: a look at size() tells whether all went in, or what would have been enough.
class BoundedWriter {
 public:
  explicit BoundedWriter(std::span<char> buffer) noexcept : out_(buffer.data()), left_(buffer.size()) {}

  // Has `write` append exactly `size` bytes to a PlainWriter: one look at the room for all of them.
  template <class Write>
  void append_fixed(std::size_t size, Write write) noexcept {
    size_ += size;
    if (size > left_) return;
    detail::PlainWriter plain{out_};
    write(plain);
    assert(plain.out == out_ + size);
    out_ += size;
    left_ -= size;
  }

  void append(const char* text, std::size_t size) noexcept {
    size_ += size;
    if (size > left_ || size == 0) return;
    std::memcpy(out_, text, size);
    out_ += size;
    left_ -= size;
  }
  void append(std::string_view text) noexcept { append(text.data(), text.size()); }

  std::size_t size() const noexcept { return size_; }

 private:
  char* out_;
  std::size_t left_;
  std::size_t size_ = 0;
};

struct Registration {
  std::string_view app, key, hostname;
};

// A timestamp's text, kept while the second stays the same: most times of a trace share theirs.
class TimestampText {
 public:
  // Valid until the next call.
  const char* operator()(Time time) noexcept {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    if (second != second_) {
      second_ = second;
      write_timestamp(text_, time);
    } else {
      const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - second);
      detail::write_digits(text_ + microseconds_place, static_cast<unsigned>(rest.count()), 6);
    }
    return text_;
  }

 private:
  static constexpr std::size_t microseconds_place = 20;

  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::min();
  char text_[timestamp_size] = {};
};

// Each function returns the size of the whole message; it is in the buffer only if it is not larger than that.
class JsonEncoder {
 public:
  std::size_t encode(const Registration& registration, std::span<char> buffer);
  std::size_t encode(const ApplicationEvent& event, std::span<char> buffer);

  // One BatchCommand: StartRequest, TagRequest…, the spans depth first (StartSpan, TagSpan…, children, StopSpan),
  // FinishRequest. On the wire a span lies within its parent and all lie within the request.
  std::size_t encode(const Trace& trace, std::span<char> buffer);

 private:
  struct OpenSpan {
    SpanId id;
    Time start, stop;
    IdText text;
  };

  void start_span(BoundedWriter& out, const SpanView& span);
  void stop_span(BoundedWriter& out);
  void append_names(detail::PlainWriter& out, const OpenSpan& span) const;

  TimestampText timestamp_;
  IdText request_{};
  std::vector<OpenSpan> open_;  // the request first, as the bounds of all
};

namespace detail {

// Sizes known to the compiler make these plain moves.
inline constexpr std::size_t request_size = RequestId{}.text().size(), span_size = SpanId{}.text().size();
template <class Out>
void append_request(Out& out, const IdText& id) noexcept {
  out.append(id.data(), request_size);
}
inline void append_span(PlainWriter& out, const IdText& id) noexcept { out.append(id.data(), span_size); }

// What stands between the values of a span's commands.
namespace fragment {
inline constexpr char start_span[] = R"({"StartSpan":{"timestamp":")", tag_span[] = R"({"TagSpan":{"timestamp":")",
                      stop_span[] = R"({"StopSpan":{"timestamp":")", request_id[] = R"(","request_id":")",
                      span_id[] = R"(","span_id":")", parent_id[] = R"(","parent_id":")", no_parent_id[] = R"(","parent_id":null)",
                      operation[] = R"(","operation":)", first_operation[] = R"(,"operation":)", end_of_command[] = R"("}},)";
}  // namespace fragment

// Of literals, without their NULs.
template <std::size_t... sizes>
constexpr std::size_t size_of(const char (&... literals)[sizes]) noexcept {
  return ((sizeof literals - 1) + ...);
}
inline constexpr std::size_t names_size = size_of(fragment::request_id, fragment::span_id) + request_size + span_size;

inline void append_tag(BoundedWriter& out, const TagView& tag) noexcept {
  append_literal(out, R"(","tag":)");
  append_json_string(out, tag.key());
  append_literal(out, R"(,"value":)");
  out.append(tag.json());
  append_literal(out, "}},");
}

}  // namespace detail

inline std::size_t JsonEncoder::encode(const Registration& registration, std::span<char> buffer) {
  BoundedWriter out(buffer);
  detail::append_literal(out, R"({"Register":{"app":)");
  append_json_string(out, registration.app);
  detail::append_literal(out, R"(,"key":)");
  append_json_string(out, registration.key);
  detail::append_literal(out, R"(,"host":)");
  registration.hostname.empty() ? append_json_null(out) : append_json_string(out, registration.hostname);
  detail::append_literal(out, R"(,"language":"cpp","api_version":"1.0"}})");
  return out.size();
}

inline std::size_t JsonEncoder::encode(const ApplicationEvent& event, std::span<char> buffer) {
  BoundedWriter out(buffer);
  detail::append_literal(out, R"({"ApplicationEvent":{"timestamp":")");
  out.append(timestamp_(event.time()), timestamp_size);
  detail::append_literal(out, R"(","event_type":)");
  append_json_string(out, event.type());
  detail::append_literal(out, R"(,"event_value":)");
  out.append(event.json());
  detail::append_literal(out, R"(,"source":)");
  append_json_string(out, event.source());
  detail::append_literal(out, "}}");
  return out.size();
}

inline std::size_t JsonEncoder::encode(const Trace& trace, std::span<char> buffer) {
  BoundedWriter out(buffer);
  request_ = trace.request_id().text();
  const Time stop = std::max(trace.start(), trace.stop());
  open_.assign(1, OpenSpan{{}, trace.start(), stop, {}});

  detail::append_literal(out, R"({"BatchCommand":{"commands":[{"StartRequest":{"timestamp":")");
  const char* const start = timestamp_(trace.start());
  out.append(start, timestamp_size);
  detail::append_literal(out, R"(","request_id":")");
  detail::append_request(out, request_);
  detail::append_literal(out, R"("}},)");
  for (const TagView& tag : trace.tags()) {
    detail::append_literal(out, R"({"TagRequest":{"timestamp":")");
    out.append(start, timestamp_size);
    detail::append_literal(out, R"(","request_id":")");
    detail::append_request(out, request_);
    detail::append_tag(out, tag);
  }
  for (const SpanView& span : trace.spans()) start_span(out, span);
  while (open_.size() > 1) stop_span(out);
  detail::append_literal(out, R"({"FinishRequest":{"timestamp":")");
  out.append(timestamp_(stop), timestamp_size);
  detail::append_literal(out, R"(","request_id":")");
  detail::append_request(out, request_);
  detail::append_literal(out, R"("}}]}})");
  return out.size();
}

inline void JsonEncoder::start_span(BoundedWriter& out, const SpanView& span) {
  while (open_.size() > 1 && open_.back().id != span.parent()) stop_span(out);
  const OpenSpan& parent = open_.back();
  const Time start = std::clamp(span.start(), parent.start, parent.stop);
  const Time stop = std::clamp(span.stop(), start, parent.stop);
  const IdText parent_text = parent.text;
  const OpenSpan& added = open_.emplace_back(OpenSpan{span.id(), start, stop, span.id().text()});

  const char* const start_text = timestamp_(start);
  const bool is_root = open_.size() == 2;
  const std::size_t size = detail::size_of(detail::fragment::start_span) + timestamp_size + detail::names_size +
                           (is_root ? detail::size_of(detail::fragment::no_parent_id, detail::fragment::first_operation)
                                    : detail::size_of(detail::fragment::parent_id, detail::fragment::operation) + detail::span_size);
  out.append_fixed(size, [&](detail::PlainWriter& plain) {
    detail::append_literal(plain, detail::fragment::start_span);
    plain.append(start_text, timestamp_size);
    append_names(plain, added);
    if (is_root) {
      detail::append_literal(plain, detail::fragment::no_parent_id);
      detail::append_literal(plain, detail::fragment::first_operation);
    } else {
      detail::append_literal(plain, detail::fragment::parent_id);
      detail::append_span(plain, parent_text);
      detail::append_literal(plain, detail::fragment::operation);
    }
  });
  append_json_string(out, span.operation());
  detail::append_literal(out, "}},");
  for (const TagView& tag : span.tags()) {
    out.append_fixed(detail::size_of(detail::fragment::tag_span) + timestamp_size + detail::names_size, [&](detail::PlainWriter& plain) {
      detail::append_literal(plain, detail::fragment::tag_span);
      plain.append(start_text, timestamp_size);
      append_names(plain, added);
    });
    detail::append_tag(out, tag);
  }
}

inline void JsonEncoder::stop_span(BoundedWriter& out) {
  const OpenSpan& span = open_.back();
  const char* const stop_text = timestamp_(span.stop);
  constexpr std::size_t size = detail::size_of(detail::fragment::stop_span, detail::fragment::end_of_command) + timestamp_size + detail::names_size;
  out.append_fixed(size, [&](detail::PlainWriter& plain) {
    detail::append_literal(plain, detail::fragment::stop_span);
    plain.append(stop_text, timestamp_size);
    append_names(plain, span);
    detail::append_literal(plain, detail::fragment::end_of_command);
  });
  open_.pop_back();
}

// From after the timestamp to the end of the span's id, without the closing quote.
inline void JsonEncoder::append_names(detail::PlainWriter& out, const OpenSpan& span) const {
  detail::append_literal(out, detail::fragment::request_id);
  detail::append_request(out, request_);
  detail::append_literal(out, detail::fragment::span_id);
  detail::append_span(out, span.text);
}

}  // namespace scout::inline v0

#endif
