#ifndef SCOUT_TESTS_SUPPORT_SENDER_HPP
#define SCOUT_TESTS_SUPPORT_SENDER_HPP

// The sink under test with its account, connected to a FaultyPeer.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "faulty_peer.hpp"
#include "scout/config/finalize.hpp"
#include "scout/core_agent/core_agent_sink.hpp"

namespace scout_tests {

using namespace scout;
using namespace std::chrono_literals;

// A sink to the peer with its account. Transactions are numbered; each has one span below its root.
class Sender {
 public:
  explicit Sender(const FaultyPeer& peer, Outbox::Limits limits = {}) : Sender(peer.address(), limits) {}
  explicit Sender(const std::string& address, Outbox::Limits limits = {}) : sink_(config(address), logger_, limits) {}

  CoreAgentSink& operator*() { return sink_; }
  CoreAgentSink* operator->() { return &sink_; }

  std::string id(std::uint64_t number) const { return std::string(seed_.request(number).text().c_str()); }

  Expected<void> write(std::uint64_t number, std::string_view text = "x") {
    const std::string json = '"' + std::string(text) + '"';
    const TagView tag("text", json);
    const SpanId root = seed_.span(number, 0);
    const SpanView spans[] = {{root, {}, "Controller/users/show", Time(1s), Time(2s), {}},
                              {seed_.span(number, 1), root, "SQL/Query", Time(1s), Time(2s), std::span(&tag, 1)}};
    auto result = sink_.write(Trace(seed_.request(number), Time(1s), Time(2s), {}, spans, 0));
    accepted_ += result.has_value();
    return result;
  }

  void write_all(std::uint64_t from, std::uint64_t to) {
    for (auto number = from; number < to; ++number) REQUIRE(write(number));
  }

  Expected<void> flush(std::chrono::milliseconds time = 5s) {
    auto result = sink_.flush(std::chrono::steady_clock::now() + time);
    outstanding_ = sink_.service(settlement);
    return result;
  }

  bool service_at(std::chrono::steady_clock::time_point now) { return outstanding_ = sink_.service_at(now, settlement); }

  int failures() const { return failures_; }  // of the connection, from the log
  std::uint64_t settled() const { return settlement.delivered_transactions + settlement.dropped_transactions.total(); }
  // Every transaction here has one span besides its root.
  bool balanced() const {
    return settlement.delivered_spans == settlement.delivered_transactions &&
           settlement.dropped_spans.total() == settlement.dropped_transactions.total() &&
           (outstanding_ ? settled() <= accepted_ : settled() == accepted_);
  }

  Settlement settlement;

 private:
  static FinalConfig config(const std::string& address) {
    return finalize(Config{.key = "abcdefghij0123456789",
                           .name = "shop",
                           .monitor = true,
                           .hostname = "web-1",
                           .core_agent_socket_path = address},
                    Environment(), ProcessFacts());
  }

  IdSeed seed_{7, 8};
  int failures_ = 0;
  Logger logger_{LogLevel::debug, [this](LogLevel level, std::string_view category, std::string_view) {
                   failures_ += category == "scout.socket" && level != LogLevel::info;
                 }};
  CoreAgentSink sink_;
  std::uint64_t accepted_ = 0;
  bool outstanding_ = true;
};

inline ApplicationEvent metadata(std::string_view json) { return {"scout.metadata", json, "Pid: 1", Time(1s)}; }

}  // namespace scout_tests

#endif
