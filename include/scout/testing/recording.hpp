#ifndef SCOUT_TESTING_RECORDING_HPP
#define SCOUT_TESTING_RECORDING_HPP

// A test's own agent: what the code under test records is kept here instead of being sent. Installs in the constructor and
// shuts down in the destructor, so one Recording at a time.

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../agent/lifecycle.hpp"
#include "manual_clock.hpp"

namespace scout::inline v0::detail {

inline Ledger change(const Ledger& from, Ledger to) noexcept {
  to.started -= from.started;
  to.delivered -= from.delivered;
  to.sampled_out -= from.sampled_out;
  to.ignored -= from.ignored;
  to.live -= from.live;
  for (std::size_t i = 0; i < reason_count; ++i) to.dropped.counts[i] -= from.dropped.counts[i];
  return to;
}

inline Stats change(const Stats& from, Stats to) {
  to.transactions = change(from.transactions, to.transactions);
  to.spans = change(from.spans, to.spans);
  to.redelivered -= from.redelivered;
  to.cut_tags -= from.cut_tags;
  to.dropped_tags -= from.dropped_tags;
  to.interrupted -= from.interrupted;
  return to;
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

// The owning twins of TagView, SpanView, Trace and ApplicationEvent, with the same members.
class RecordedTag {
 public:
  explicit RecordedTag(const TagView& tag) : key_(tag.key()), json_(tag.json()) {}
  // As those of TagView.
  const std::string& key() const noexcept { return key_; }
  const std::string& json() const noexcept { return json_; }

 private:
  std::string key_, json_;
};

// The owning twin of SpanView.
class RecordedSpan {
 public:
  explicit RecordedSpan(const SpanView& span)
      : id_(span.id()),
        parent_(span.parent()),
        operation_(span.operation()),
        start_(span.start()),
        stop_(span.stop()),
        tags_(span.tags().begin(), span.tags().end()) {}

  // As those of SpanView; and how long it lasted.
  SpanId id() const noexcept { return id_; }
  SpanId parent() const noexcept { return parent_; }
  const std::string& operation() const noexcept { return operation_; }
  Time start() const noexcept { return start_; }
  Time stop() const noexcept { return stop_; }
  std::chrono::nanoseconds duration() const noexcept { return stop_ - start_; }
  const std::vector<RecordedTag>& tags() const noexcept { return tags_; }

 private:
  SpanId id_, parent_;
  std::string operation_;
  Time start_, stop_;
  std::vector<RecordedTag> tags_;
};

// The owning twin of Trace.
class RecordedTrace {
 public:
  explicit RecordedTrace(const Trace& trace)
      : request_id_(trace.request_id()),
        start_(trace.start()),
        stop_(trace.stop()),
        tags_(trace.tags().begin(), trace.tags().end()),
        spans_(trace.spans().begin(), trace.spans().end()),
        dropped_spans_(trace.dropped_spans()) {}

  // As those of Trace; and how long it lasted.
  RequestId request_id() const noexcept { return request_id_; }
  const std::string& operation() const noexcept { return spans_.front().operation(); }
  Time start() const noexcept { return start_; }
  Time stop() const noexcept { return stop_; }
  std::chrono::nanoseconds duration() const noexcept { return stop_ - start_; }
  const std::vector<RecordedTag>& tags() const noexcept { return tags_; }
  const std::vector<RecordedSpan>& spans() const noexcept { return spans_; }  // depth first, the root first
  std::uint64_t dropped_spans() const noexcept { return dropped_spans_; }

 private:
  RequestId request_id_;
  Time start_, stop_;
  std::vector<RecordedTag> tags_;
  std::vector<RecordedSpan> spans_;
  std::uint64_t dropped_spans_;
};

// The owning twin of ApplicationEvent.
class RecordedEvent {
 public:
  explicit RecordedEvent(const ApplicationEvent& event)
      : type_(event.type()), json_(event.json()), source_(event.source()), time_(event.time()) {}
  // As those of ApplicationEvent.
  const std::string& type() const noexcept { return type_; }
  const std::string& json() const noexcept { return json_; }
  const std::string& source() const noexcept { return source_; }
  Time time() const noexcept { return time_; }

 private:
  std::string type_, json_, source_;
  Time time_;
};

// The JSON text of a tag; empty: there is none of that key.
template <class Tagged>
std::string_view tag_json(const Tagged& tagged, std::string_view key) noexcept {
  for (const RecordedTag& tag : tagged.tags()) {
    if (tag.key() == key) return tag.json();
  }
  return {};
}

class Recording {
 public:
  explicit Recording(Config config = {}) { begin(std::move(config), {}); }
  // Times come from `clock`, which must outlive the recording.
  explicit Recording(ManualClock& clock, Config config = {}) { begin(std::move(config), clock.source()); }
  ~Recording() {
    if (installed_) agent_->shutdown(*agent_);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // False: another agent is installed in this process, or SCOUT_MONITOR is off, and nothing is recorded here. The other variables
  // count in a recording as well.
  bool installed() const noexcept { return installed_; }

  // Every transaction that has finished so far, in the order in which they were completed.
  std::vector<RecordedTrace> traces() {
    flush();
    std::lock_guard lock(kept_.lock);
    return kept_.traces;
  }
  std::vector<RecordedEvent> events() {
    flush();
    std::lock_guard lock(kept_.lock);
    return kept_.events;
  }

  // What has changed in the process's account since the recording began.
  Stats stats() {
    flush();
    return installed_ ? detail::change(before_, agent_->stats(*agent_)) : Stats{};
  }

 private:
  // The sink.
  struct Kept {
    Expected<void> write(const Trace& trace) {
      std::lock_guard guard(lock);
      traces.emplace_back(trace);
      return {};
    }
    Expected<void> write(const ApplicationEvent& event) {
      std::lock_guard guard(lock);
      events.emplace_back(event);
      return {};
    }
    Expected<void> flush(Deadline) { return {}; }

    std::mutex lock;
    std::vector<RecordedTrace> traces;
    std::vector<RecordedEvent> events;
  };
  static_assert(Sink<Kept>);

  void begin(Config config, std::optional<detail::SlowClock> clock) {
    if (!config.monitor) config.monitor = true;
    if (!config.name) config.name = "Recording";
    if (!config.key) config.key = "recording";
    agent_ = detail::make_agent();
    installed_ = agent_ != nullptr && agent_->install(*agent_, {std::move(config), detail::sink_table(kept_), clock});
    if (installed_) before_ = agent_->stats(*agent_);
  }
  void flush() {
    if (installed_) agent_->flush(*agent_, std::chrono::seconds(60));
  }

  Kept kept_;
  detail::AgentTable* agent_ = nullptr;
  bool installed_ = false;
  Stats before_;
};

}  // namespace scout::inline v0::testing

#endif
