#ifndef SCOUT_CORE_AGENT_JSON_ENCODER_HPP
#define SCOUT_CORE_AGENT_JSON_ENCODER_HPP

// The core agent's messages as JSON text, written straight into a caller's buffer: constant fragments around ids, times and
// escaped strings. One encoder per sink; its stack of open spans is reused, so a batch allocates nothing once it has been
// as deep before.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "../core/identity.hpp"
#include "../core/json_text.hpp"
#include "../sink/application_event.hpp"
#include "../sink/trace.hpp"
#include "bounded_writer.hpp"
#include "wire_text.hpp"

namespace scout::inline v0 {

// Who sends: the first message of a connection.
struct Registration {
  // The application's name, the organisation's key, and the machine (empty: null).
  std::string_view app, key, hostname;
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
    OpenSpan(SpanId span, Time from, Time until) noexcept : id(span), start(from), stop(until), text(span.high, span.low) {}

    SpanId id;
    Time start, stop;
    detail::UuidText text;
  };

  void tag_request(BoundedWriter& out, Time time, const TagView& tag);
  void finish_request(BoundedWriter& out, Time time);
  void start_span(BoundedWriter& out, const SpanView& span);
  void tag_span(BoundedWriter& out, const OpenSpan& span, const TagView& tag);
  void stop_span(BoundedWriter& out);
  char* put_request(char* out, Time time) noexcept;
  char* put_span(char* out, Time time, const OpenSpan& span) noexcept;

  TimestampText timestamp_;
  // What stands behind the timestamp of a command: the request's id, and the beginning of the span's.
  static constexpr std::string_view request_id_ = R"(,"request_id":"req-)", span_id_ = R"(","span_id":"span-)";
  static constexpr std::size_t request_size_ = request_id_.size() + detail::UuidText::size;
  char names_[request_size_ + span_id_.size()];
  std::vector<OpenSpan> open_;  // the request first, as the bounds of all
};

namespace detail {

// More than the fixed parts of any command come to, with its ids and its timestamp.
inline constexpr std::size_t most_of_command = 320;

// By value, as std::clamp() is not: the times stay in registers.
inline Time within(Time time, Time earliest, Time latest) noexcept {
  return time < earliest ? earliest : latest < time ? latest : time;
}

inline std::size_t most_of_tag(const TagView& tag) noexcept {
  return most_of_command + most_of_string(tag.key().size()) + tag.json().size();
}

inline char* put_tag(char* out, const TagView& tag) noexcept {
  out = put_string(put(out, R"(","tag":)"), tag.key());
  return put(put(put(out, R"(,"value":)"), tag.json()), "}},");
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
  char* const begin = out.prepare(TimestampText::size);
  out.commit(begin, timestamp_.put(begin, event.time()));
  detail::append_literal(out, R"(,"event_type":)");
  append_json_string(out, event.type());
  detail::append_literal(out, R"(,"event_value":)");
  out.append(event.json());
  detail::append_literal(out, R"(,"source":)");
  append_json_string(out, event.source());
  detail::append_literal(out, "}}");
  return out.size();
}

inline std::size_t JsonEncoder::encode(const Trace& trace, std::span<char> buffer) {
  using detail::put;
  BoundedWriter out(buffer);
  const Time start = trace.start(), stop = std::max(start, trace.stop());
  const RequestId request = trace.request_id();
  put(detail::UuidText(request.high, request.low).put(put(names_, request_id_)), span_id_);
  open_.clear();
  open_.emplace_back(SpanId{}, start, stop);

  char* const begin = out.prepare(detail::most_of_command);
  char* to = put(begin, R"({"BatchCommand":{"commands":[{"StartRequest":{"timestamp":")");
  out.commit(begin, put(put_request(to, start), R"("}},)"));
  for (const TagView& tag : trace.tags()) tag_request(out, start, tag);
  for (const SpanView& span : trace.spans()) start_span(out, span);
  while (open_.size() > 1) stop_span(out);
  finish_request(out, stop);
  return out.size();
}

inline void JsonEncoder::tag_request(BoundedWriter& out, Time time, const TagView& tag) {
  char* const begin = out.prepare(detail::most_of_tag(tag));
  out.commit(begin, detail::put_tag(put_request(detail::put(begin, R"({"TagRequest":{"timestamp":")"), time), tag));
}

inline void JsonEncoder::finish_request(BoundedWriter& out, Time time) {
  char* const begin = out.prepare(detail::most_of_command);
  out.commit(begin, detail::put(put_request(detail::put(begin, R"({"FinishRequest":{"timestamp":")"), time), R"("}}]}})"));
}

inline void JsonEncoder::start_span(BoundedWriter& out, const SpanView& span) {
  using detail::put;
  while (open_.size() > 1 && open_.back().id != span.parent()) stop_span(out);
  const Time latest = open_.back().stop, start = detail::within(span.start(), open_.back().start, latest);
  const OpenSpan& added = open_.emplace_back(span.id(), start, detail::within(span.stop(), start, latest));

  char* const begin = out.prepare(detail::most_of_command + detail::most_of_string(span.operation().size()));
  char* to = put_span(put(begin, R"({"StartSpan":{"timestamp":")"), start, added);
  if (open_.size() == 2) {
    to = put(to, R"(","parent_id":null,"operation":)");
  } else {
    to = put(open_.end()[-2].text.put(put(to, R"(","parent_id":"span-)")), R"(","operation":)");
  }
  out.commit(begin, put(detail::put_string(to, span.operation()), "}},"));
  for (const TagView& tag : span.tags()) tag_span(out, added, tag);
}

inline void JsonEncoder::tag_span(BoundedWriter& out, const OpenSpan& span, const TagView& tag) {
  char* const begin = out.prepare(detail::most_of_tag(tag));
  out.commit(begin, detail::put_tag(put_span(detail::put(begin, R"({"TagSpan":{"timestamp":")"), span.start, span), tag));
}

inline void JsonEncoder::stop_span(BoundedWriter& out) {
  const OpenSpan& span = open_.back();
  char* const begin = out.prepare(detail::most_of_command);
  out.commit(begin, detail::put(put_span(detail::put(begin, R"({"StopSpan":{"timestamp":")"), span.stop, span), R"("}},)"));
  open_.pop_back();
}

// From a command's timestamp to the end of the request's id, without the closing quote.
[[gnu::always_inline]] inline char* JsonEncoder::put_request(char* out, Time time) noexcept {
  return detail::put(timestamp_.put(out, time), std::string_view(names_, request_size_));
}

// To the end of the span's id.
[[gnu::always_inline]] inline char* JsonEncoder::put_span(char* out, Time time, const OpenSpan& span) noexcept {
  return span.text.put(detail::put(timestamp_.put(out, time), std::string_view(names_, sizeof names_)));
}

}  // namespace scout::inline v0

#endif
