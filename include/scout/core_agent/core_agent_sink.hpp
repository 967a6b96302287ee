#ifndef SCOUT_CORE_AGENT_CORE_AGENT_SINK_HPP
#define SCOUT_CORE_AGENT_CORE_AGENT_SINK_HPP

// The sink that sends to Scout's core agent. Keeps every batch in a fixed buffer until its answer came and sends it again,
// with the same request id, when the connection broke before that: at least once. write() encodes, sends once something
// has come together, and waits a little before it gives up another for lack of room; service() does what can be done without
// waiting, flush() waits. The collector's thread is the only caller.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../config/final_config.hpp"
#include "../core/guarded.hpp"
#include "../log/log.hpp"
#include "../sink/sink.hpp"
#include "connection.hpp"
#include "json_encoder.hpp"
#include "outbox.hpp"

namespace scout::inline v0 {

class CoreAgentSink {
 public:
  // Of the steady clock.
  using TimePoint = Connection::TimePoint;

  // The logger must outlive the sink.
  CoreAgentSink(const FinalConfig& config, const Logger& logger, Outbox::Limits limits = {})
      : logger_(logger),
        log_payload_(config.log_payload_content),
        wait_(limits.wait),
        outbox_(limits),
        connection_(config.core_agent_socket_path, logger) {
    const Registration registration{config.name, config.key, config.hostname};
    connection_.set_registration(frame([&](std::span<char> buffer) { return encoder_.encode(registration, buffer); }));
  }

  CoreAgentSink(const CoreAgentSink&) = delete;
  CoreAgentSink& operator=(const CoreAgentSink&) = delete;

  Expected<void> write(const Trace& trace) {
    Expected<void> added = add(trace);
    if (!added && added.error().code == ErrorCode::encode) added = add_without_span_tags(trace);
    const bool has_come_together = outbox_.unsent_bytes() >= left_unsent_ + sent_early;
    // What is answered by now makes room before anything is given up.
    if (connection_.ready() && (has_come_together || outbox_.crowded())) exchange(std::chrono::steady_clock::now());
    return added;
  }

  // "scout.metadata" introduces the process on every connection; the last one written counts.
  Expected<void> write(const ApplicationEvent& event) {
    const auto encode = [&](std::span<char> buffer) { return encoder_.encode(event, buffer); };
    if (log_payload_) log_payload(event.type(), encode);
    if (event.type() == "scout.metadata") {
      connection_.set_introduction(frame(encode));
      introduced_ = connection_.state() == Connection::State::introducing || connection_.open();
      if (!introduced_) return {};
    }
    return outbox_.add_event(settled_, encode);
  }

  // As a DeferredSink does.
  bool service(Settlement& settlement) { return service_at(std::chrono::steady_clock::now(), settlement); }

  // service() at a time of the caller's.
  bool service_at(TimePoint now, Settlement& settlement) {
    if (!outbox_.empty() || !introduced_ || connection_.state() != Connection::State::waiting) pump(now);
    settled_.sends_on = settled_.sends_on && connection_.open() && !outbox_.unsent().empty();
    hand_over(settlement);
    return outstanding();
  }

  // Registers even if there is nothing to send. Nobody there: tries once more and gives up, whatever the deadline. A peer that
  // was silent too long is not tried again when less time than that is left.
  Expected<void> flush(Deadline deadline) {
    bool tried_again = false;
    connection_.retry_now();
    for (;;) {
      const TimePoint now = std::chrono::steady_clock::now();
      pump(now);
      if (connection_.ready() && outbox_.empty()) return {};
      if (now >= deadline) return Error{ErrorCode::timed_out, "not everything was answered in time"};
      if (connection_.state() == Connection::State::waiting) {
        const Error& error = *connection_.last_error();
        if (error.code == ErrorCode::refused || (error.code == ErrorCode::unreachable && tried_again)) return error;
        if (error.code == ErrorCode::timed_out && deadline - now < answer_timeout) return error;
        if (error.code == ErrorCode::unreachable) {
          tried_again = true;
          connection_.retry_now();
          continue;
        }
      }
      const auto until = outbox_.in_flight() ? std::min(deadline, progress_ + answer_timeout) : deadline;
      connection_.wait(until, !outbox_.unsent().empty());
    }
  }

  // As a DeferredSink does; what was answered by now counts as delivered.
  void abandon(Reason reason, Settlement& settlement) {
    if (connection_.open()) receive_answers(std::chrono::steady_clock::now());
    outbox_.abandon(reason, settled_);
    introduced_ = true;
    connection_.close();
    hand_over(settlement);
  }

  // As a DeferredSink does.
  SinkStatus status() const {
    return {connection_.ready(), connection_.last_error() ? connection_.last_error()->message : std::string()};
  }

  // In the child of a fork: the connection, the messages and their account are the parent's.
  void forget_connection() noexcept {
    connection_.close();
    outbox_.forget();
    settled_ = {};
  }

 private:
  Expected<void> add(const Trace& trace) {
    const auto encode = [&](std::span<char> buffer) { return encoder_.encode(trace, buffer); };
    if (log_payload_) log_payload(trace.request_id().text().c_str(), encode);
    return outbox_.add_transaction(trace.spans().size() - 1, settled_, encode, [this] { return wait_for_room(); });
  }

  // Rather than give up what a core agent that reads is about to take. A part of the time only, as the rings fill meanwhile.
  bool wait_for_room() {
    const TimePoint now = std::chrono::steady_clock::now();
    if (now - waiting_since_ >= std::chrono::seconds(1)) waiting_since_ = now;
    const TimePoint until = waiting_since_ + wait_;
if (outbox_.empty() || !connection_.ready() || now >= until) return false;
    connection_.wait(until, !outbox_.unsent().empty());
    exchange(std::chrono::steady_clock::now());
    return true;
  }

  // What is too large for one message: its request says how many tags that has cost its spans.
  Expected<void> add_without_span_tags(const Trace& trace) {
    std::vector<SpanView> spans;
    std::size_t dropped = 0;
    for (const SpanView& span : trace.spans()) {
      dropped += span.tags().size();
      spans.emplace_back(span.id(), span.parent(), span.operation(), span.start(), span.stop(), std::span<const TagView>());
    }
    const std::string count = std::to_string(dropped);
    std::vector<TagView> tags(trace.tags().begin(), trace.tags().end());
    tags.emplace_back("scout.dropped_tags", count);
    Expected<void> added = add(Trace(trace.request_id(), trace.start(), trace.stop(), tags, spans, trace.dropped_spans()));
    if (added) settled_.dropped_tags += dropped;
    return added;
  }

  // Whether somebody has to come back soon. The answer to an event that was sent can wait for whatever comes next.
  bool outstanding() const noexcept {
    if (outbox_.has_transactions() || !introduced_) return true;
    return connection_.open() ? !outbox_.unsent().empty() : connection_.state() != Connection::State::waiting;
  }

  void pump(TimePoint now) {
    connection_.advance(now);
    while (exchange(now)) {
    }
    if (connection_.open() && outbox_.in_flight() && now - progress_ >= answer_timeout) {
      connection_.fail({ErrorCode::timed_out, "no answer in 10 s"}, now);
      take_back();
    }
  }

  // Receives and sends what can be without waiting. True: something was sent, and may be answered at once.
  bool exchange(TimePoint now) {
    bool sent = false;
    const auto receive_and_send = [&] {
      introduced_ = true;
      receive_answers(now);
      sent = send_messages(now);
    };
    if (connection_.open() && !detail::guarded(receive_and_send)) connection_.close();  // an answer may be lost
    take_back();
    left_unsent_ = outbox_.unsent_bytes();
    return sent;
  }

  // What was in flight on a connection that is gone.
  void take_back() {
    if (!connection_.open() && outbox_.in_flight()) outbox_.rewind(connection_.registered(), settled_);
  }

  void receive_answers(TimePoint now) {
    while (const auto answer = connection_.receive(now)) {
      if (!outbox_.answered(answer->accepted, settled_)) {
        connection_.fail({ErrorCode::protocol, "an answer to nothing"}, now);
        break;
      }
      progress_ = now;
      connection_.proven();
      if (!answer->accepted) log_refusal(*answer, now);
    }
  }

  bool send_messages(TimePoint now) {
    bool any = false;
    while (connection_.open()) {
      const std::string_view bytes = outbox_.unsent();
      if (bytes.empty()) break;
      const auto sent = connection_.send(bytes);
      if (!sent) {
        receive_answers(now);  // those that came before the connection broke still count
        if (connection_.open()) connection_.fail(sent.error(), now);
        break;
      }
      if (*sent == 0) break;
      if (!outbox_.in_flight()) progress_ = now;
      outbox_.sent(*sent, settled_);
      any = settled_.sends_on = true;
    }
    return any;
  }

  void log_refusal(const Answer& answer, TimePoint now) {
    if (!refusals_.due(now)) return;
    logger_.write(LogLevel::warning, "scout.request", "the core agent did not accept a message: {} ({} more before)",
                  answer.message, refusals_.take_suppressed());
  }

  template <class Encode>
  void log_payload(std::string_view what, const Encode& encode) const {
    if (!logger_.enabled(LogLevel::debug)) return;
    logger_.write(LogLevel::debug, "scout.request", "sending {}: {}", what, frame(encode).substr(frame_header_size));
  }

  template <class Encode>
  static std::string frame(const Encode& encode) {
    const std::size_t size = encode(std::span<char>());
    std::string text(frame_header_size + size, '\0');
    write_frame_header(text.data(), static_cast<std::uint32_t>(size));
    encode(std::span(text).subspan(frame_header_size));
    return text;
  }

  void hand_over(Settlement& settlement) noexcept {
    settlement.delivered_transactions += settled_.delivered_transactions;
    settlement.delivered_spans += settled_.delivered_spans;
    settlement.redelivered_transactions += settled_.redelivered_transactions;
    settlement.dropped_tags += settled_.dropped_tags;
    settlement.sends_on = settled_.sends_on;
    for (std::size_t reason = 0; reason < reason_count; ++reason) {
      settlement.dropped_transactions.counts[reason] += settled_.dropped_transactions.counts[reason];
      settlement.dropped_spans.counts[reason] += settled_.dropped_spans.counts[reason];
    }
    settled_ = {};
  }

  // So much goes at once, while it is still in the processor's cache: the other side begins with it, and is seldom woken up.
  static constexpr std::size_t sent_early = Outbox::at_once;

  const Logger& logger_;
  bool log_payload_;
  std::chrono::milliseconds wait_;
  bool introduced_ = true;  // the metadata, if any, has been taken to the present connection
  JsonEncoder encoder_;
  Outbox outbox_;
  Connection connection_;
  std::size_t left_unsent_ = 0;  // bytes, after the last exchange
  Settlement settled_;           // since the last service()
  TimePoint progress_{};         // of the last answer, or of the first byte in flight
  TimePoint waiting_since_{};    // for room, of the present second
  OncePerMinute refusals_;
};

static_assert(DeferredSink<CoreAgentSink>);

}  // namespace scout::inline v0

#endif
