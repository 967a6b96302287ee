#ifndef SCOUT_SINK_TRACE_HPP
#define SCOUT_SINK_TRACE_HPP

// One finished transaction as a sink sees it. Trace, SpanView and TagView are views over the assembler's arrays: valid
// during Sink::write, on the collector's thread. Copy what you keep (scout/testing.hpp has owning twins).
//
// Spans stand depth first, siblings in the order of their start: a parent precedes its children, the root comes first.

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "../core/identity.hpp"

namespace scout::inline v0 {

// Wall-clock time, in nanoseconds.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

// A key and its value.
class TagView {
 public:
  constexpr TagView(std::string_view key, std::string_view json) noexcept : key_(key), json_(json) {}

  constexpr std::string_view key() const noexcept { return key_; }    // as the application gave it
  constexpr std::string_view json() const noexcept { return json_; }  // the value as strict JSON text, UTF-8

 private:
  std::string_view key_, json_;
};

// One span of a trace.
class SpanView {
 public:
  constexpr SpanView(SpanId id, SpanId parent, std::string_view operation, Time start, Time stop, std::span<const TagView> tags) noexcept
      : id_(id), parent_(parent), operation_(operation), start_(start), stop_(stop), tags_(tags) {}

  constexpr SpanId id() const noexcept { return id_; }                          // one of its own, on the wire as well
  constexpr SpanId parent() const noexcept { return parent_; }                  // empty for the root
  constexpr std::string_view operation() const noexcept { return operation_; }  // "SQL/Query"; bytes as the application gave them
  constexpr Time start() const noexcept { return start_; }                      // wall clock
  constexpr Time stop() const noexcept { return stop_; }  // true, so it may lie after the parent's
  constexpr std::span<const TagView> tags() const noexcept { return tags_; }  // a key once, with its last value

 private:
  SpanId id_, parent_;
  std::string_view operation_;
  Time start_, stop_;
  std::span<const TagView> tags_;
};

class Trace {
 public:
  constexpr Trace(RequestId request_id, Time start, Time stop, std::span<const TagView> tags, std::span<const SpanView> spans,
                  std::uint64_t dropped_spans) noexcept
      : request_id_(request_id), start_(start), stop_(stop), tags_(tags), spans_(spans), dropped_spans_(dropped_spans) {}

  constexpr RequestId request_id() const noexcept { return request_id_; }                       // that of scout::transaction_id()
  constexpr std::string_view operation() const noexcept { return spans_.front().operation(); }  // the root's, whatever a rename said
  constexpr Time start() const noexcept { return start_; }                                      // wall clock
  constexpr Time stop() const noexcept { return stop_; }                                        // of the root
  constexpr std::span<const TagView> tags() const noexcept { return tags_; }     // the request's; the first place of a key, its last value
  constexpr std::span<const SpanView> spans() const noexcept { return spans_; }  // never empty: the root is the transaction itself
  constexpr std::uint64_t dropped_spans() const noexcept { return dropped_spans_; }  // refused, for whatever reason

 private:
  RequestId request_id_;
  Time start_, stop_;
  std::span<const TagView> tags_;
  std::span<const SpanView> spans_;
  std::uint64_t dropped_spans_;
};

}  // namespace scout::inline v0

#endif
