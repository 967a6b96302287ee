// CoreAgentSink against a peer that misbehaves: what arrives, what is sent again, and that the account balances.
#include "scout/core_agent/core_agent_sink.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "../support/sender.hpp"

using namespace scout;
using namespace scout_tests;
using namespace std::chrono_literals;

namespace {

const auto later = 11s;  // than an answer is due

}  // namespace

TEST_SUITE_BEGIN("core_agent_sink");

TEST_CASE("every batch arrives once, after Register, on each kind of socket") {
  for (const Transport transport : {Transport::unix_socket, Transport::tcp, Transport::tcp6}) {
    FaultyPeer peer(transport);
    peer.start();
    Sender sender(peer);
    sender.write_all(0, 1000);
    CHECK(sender.flush());
    CHECK(peer.payloads().front() ==
          R"({"Register":{"app":"shop","key":"abcdefghij0123456789","host":"web-1","language":"cpp","api_version":"1.0"}})");
    CHECK(peer.payloads().size() == 1001);
    for (std::uint64_t number = 0; number < 1000; number += 111) CHECK(peer.count(sender.id(number)) == 1);
    CHECK(sender.settlement.delivered_transactions == 1000);
    CHECK(sender.settlement.redelivered_transactions == 0);
    CHECK(sender.balanced());
    CHECK(sender->status().connected);
    CHECK(sender->status().last_error.empty());
  }
}

TEST_CASE("an automatic address leads to the older socket where nobody listens on TCP, and only then") {
  FaultyPeer older, listening(Transport::tcp);
  const FaultyPeer nobody(Transport::tcp);
  older.start();
  listening.start();
  const Logger logger{LogLevel::off};
  FinalConfig config = finalize(Config{}, Environment(), ProcessFacts());
  const auto registers_at = [&](const std::string& tcp) {
    config.core_agent_socket_path = *parse_address(tcp);
    config.core_agent_socket_path.is_automatic = true;
    config.core_agent_socket_path.older_path = parse_address(older.address())->path;
    CoreAgentSink sink(config, logger);
    CHECK(sink.flush(std::chrono::steady_clock::now() + 5s));
  };
  registers_at(nobody.address());
  CHECK(older.count("Register") == 1);
  registers_at(listening.address());
  CHECK(listening.count("Register") == 1);
  CHECK(older.count("Register") == 1);
}

TEST_CASE("flush registers and introduces the process even without a transaction") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender->write(metadata(R"({"language":"cpp"})")));
  CHECK(sender.flush());
  REQUIRE(peer.payloads().size() == 2);
  CHECK(peer.count("\"Register\"") == 1);
  CHECK(peer.payloads()[1].find(R"("event_value":{"language":"cpp"})") != std::string::npos);
}

TEST_CASE("an answer in pieces of one byte is an answer") {
  FaultyPeer peer;
  peer.on_register(Behaviour::bytewise);
  peer.on_message(Behaviour::bytewise);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 20);
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 20);
}

TEST_CASE("a batch that is not accepted is dropped as refused, however the failure is put") {
  for (const Behaviour behaviour : {Behaviour::failure, Behaviour::nested_failure}) {
    FaultyPeer peer;
    peer.on_message(behaviour);
    peer.start();
    Sender sender(peer);
    sender.write_all(0, 3);
    CHECK(sender.flush());
    CHECK(sender.settlement.dropped_transactions[Reason::refused] == 3);
    CHECK(sender.balanced());
    CHECK(peer.connections() == 1);
  }
}

TEST_CASE("without an accepted Register nothing is sent") {
  FaultyPeer peer;
  peer.on_register(Behaviour::failure);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  const auto result = sender.flush();
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::refused);
  CHECK(!sender->status().connected);
  CHECK(peer.count("BatchCommand") == 0);
  peer.on_register(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 1);
}

TEST_CASE("after a broken connection the same batches are sent again, with the same ids") {
  for (const Behaviour behaviour : {Behaviour::close, Behaviour::half_length, Behaviour::truncated, Behaviour::garbage}) {
    CAPTURE(static_cast<int>(behaviour));
    FaultyPeer peer;
    peer.on_message(behaviour);
    peer.start();
    Sender sender(peer);
    sender.write_all(0, 2);
    CHECK(!sender.flush(60ms));
    REQUIRE(peer.wait_for(sender.id(0)));
    sender.service_at(std::chrono::steady_clock::now() + later);
    peer.on_message(Behaviour::ok);
    CHECK(sender.flush());
    CHECK(peer.count(sender.id(0)) >= 2);
    CHECK(peer.count(sender.id(1)) >= 1);
    CHECK(sender.settlement.delivered_transactions == 2);
    CHECK(sender.settlement.redelivered_transactions >= 1);
    CHECK(sender.balanced());
    CHECK(sender->status().last_error.find("unix:/tmp/") == 0);
  }
}

TEST_CASE("a core agent that does not answer in ten seconds is left for a new connection") {
  FaultyPeer peer;
  peer.on_message(Behaviour::mute);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  CHECK(sender.flush(50ms).error().code == ErrorCode::timed_out);
  REQUIRE(peer.wait_for(sender.id(0)));
  const auto now = std::chrono::steady_clock::now();
  sender.service_at(now + 9s);
  CHECK(sender->status().connected);
  sender.service_at(now + later);
  CHECK(!sender->status().connected);
  peer.on_message(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(peer.connections() == 2);
  CHECK(sender.settlement.redelivered_transactions == 1);
  CHECK(sender.balanced());
}

TEST_CASE("a Register without an answer ends in a new connection as well") {
  FaultyPeer peer;
  peer.on_register(Behaviour::mute);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  CHECK(!sender.flush(50ms));
  sender.service_at(std::chrono::steady_clock::now() + later);
  CHECK(sender->status().last_error.find("no answer") != std::string::npos);
  peer.on_register(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 1);
  CHECK(sender.settlement.redelivered_transactions == 0);
}

TEST_CASE("a core agent that answers nothing is told everything all the same, once") {
  FaultyPeer peer;
  peer.on_register(Behaviour::mute);
  peer.on_message(Behaviour::mute);
  peer.start();
  Sender sender(peer);
  REQUIRE(sender->write(metadata("{}")));
  sender.write_all(0, 1);
  CHECK(!sender.flush(20ms));
  const auto now = std::chrono::steady_clock::now();
  sender.service_at(now + 900ms);
  CHECK(peer.count("scout.metadata") == 0);
  sender.service_at(now + 1s);
  CHECK(peer.wait_for("scout.metadata"));
  sender.service_at(now + 2s);
  REQUIRE(peer.wait_for(sender.id(0)));
  CHECK(!sender->status().connected);
  CHECK(sender.settled() == 0);
  sender.service_at(now + later);
  CHECK(sender->status().last_error.find("no answer") != std::string::npos);
  CHECK(peer.connections() == 1);
}

TEST_CASE("a batch that was sent ahead of a late refusal of Register is kept") {
  FaultyPeer peer;
  peer.on_register(Behaviour::mute);
  peer.on_message(Behaviour::failure);  // taken for the answer to Register, which came first
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  CHECK(!sender.flush(20ms));
  sender.service_at(std::chrono::steady_clock::now() + 1s);
  REQUIRE(peer.wait_for(sender.id(0)));
  CHECK(sender.flush().error().code == ErrorCode::refused);
  CHECK(sender.settled() == 0);
  peer.on_register(Behaviour::ok);
  peer.on_message(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 1);
  CHECK(sender.balanced());
}

TEST_CASE("a core agent that breaks in the middle of many loses none and the metadata comes again") {
  for (const Transport transport : {Transport::unix_socket, Transport::tcp}) {
    FaultyPeer peer(transport);
    peer.close_after(500);
    peer.start();
    Sender sender(peer);
    REQUIRE(sender->write(metadata("{}")));
    sender.write_all(0, 1000);
    CHECK(sender.flush());
    std::set<std::string> missing;
    for (std::uint64_t number = 0; number < 1000; ++number) {
      if (peer.count(sender.id(number)) == 0) missing.insert(sender.id(number));
    }
    CHECK(missing.empty());
    CHECK(peer.connections() == 2);
    CHECK(peer.count("scout.metadata") == 2);
    CHECK(sender.settlement.delivered_transactions == 1000);
    CHECK(sender.settlement.redelivered_transactions >= 1);
    CHECK(sender.balanced());
  }
}

TEST_CASE("what has come together is sent while more is written") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender.flush());
  sender.write_all(0, 500);
  CHECK(peer.wait_for(sender.id(0)));
  CHECK(sender.settlement.delivered_transactions == 0);
  CHECK(sender.flush());
  for (std::uint64_t number = 0; number < 500; ++number) CHECK(peer.count(sender.id(number)) == 1);
  CHECK(sender.settlement.delivered_transactions == 500);
  CHECK(sender.balanced());
}

TEST_CASE("what is answered while more is written makes room before anything is given up") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer, {.bytes = 64 * 1024});
  REQUIRE(sender.flush());
  const std::string text(3000, 'x');  // fifteen batches fit
  for (std::uint64_t number = 0; number < 200; ++number) {
    REQUIRE(sender.write(number, text));
    if (number >= 9) REQUIRE(peer.wait_for(sender.id(number - 9)));
  }
  CHECK(sender.flush());
  CHECK(sender.settlement.dropped_transactions.total() == 0);
  CHECK(sender.settlement.delivered_transactions == 200);
  CHECK(sender.balanced());
}

TEST_CASE("a large batch waits for room as long as the core agent reads, and not for ever") {
  FaultyPeer peer;
  peer.start();
  Sender patient(peer, {.wait = 60s}), sender(peer);
  REQUIRE(patient.flush());
  for (unsigned i = 0; i < 2; ++i) CHECK(patient.write(i, std::string(2'600'000, 'x')));
  CHECK(patient.flush());
  CHECK(patient.settlement.delivered_transactions == 2);
  REQUIRE(sender.flush());
  peer.freeze();
  CHECK(sender.write(0, std::string(2'600'000, 'x')));
  CHECK(sender.write(1, std::string(2'600'000, 'x')).error().code == ErrorCode::buffer_full);
  peer.thaw();
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 1);
}

TEST_CASE("a core agent that breaks while more is written loses none") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender.flush());
  peer.close_after(20);
  std::uint64_t written = 0;
  while (sender->status().connected && written < 3000) REQUIRE(sender.write(written++));
  CHECK(!sender->status().connected);
  CHECK(sender.flush());
  for (std::uint64_t number = 0; number < written; ++number) CHECK(peer.count(sender.id(number)) >= 1);
  CHECK(sender.settlement.delivered_transactions == written);
  CHECK(sender.balanced());
}

TEST_CASE("a restarted core agent is registered with again") {
  for (const Transport transport : {Transport::unix_socket, Transport::tcp}) {
    FaultyPeer peer(transport);
    peer.start();
    Sender sender(peer);
    sender.write_all(0, 1);
    CHECK(sender.flush());
    peer.stop();
    peer.start();
    sender.write_all(1, 2);
    CHECK(sender.flush());
    CHECK(peer.count("\"Register\"") == 2);
    CHECK(peer.count(sender.id(1)) == 1);
    CHECK(sender.settlement.delivered_transactions == 2);
    CHECK(sender.settlement.redelivered_transactions == 0);
  }
}

TEST_CASE("nobody there: flush gives up at once and keeps everything for later") {
  for (const Transport transport : {Transport::unix_socket, Transport::tcp}) {
    FaultyPeer peer(transport);
    Sender sender(peer);
    sender.write_all(0, 5);
    const auto start = std::chrono::steady_clock::now();
    const auto result = sender.flush(5s);
    CHECK(std::chrono::steady_clock::now() - start < 1s);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::unreachable);
    CHECK(result.error().message.find(peer.address()) == 0);
    CHECK(sender.settled() == 0);
    peer.start();
    CHECK(sender.flush());
    CHECK(sender.settlement.delivered_transactions == 5);
  }
}

TEST_CASE("service alone finds the core agent when it comes; the pauses between tries grow to about five seconds") {
  FaultyPeer peer;
  Sender sender(peer);
  sender.write_all(0, 1);
  auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) CHECK(sender.service_at(now += 1s));
  CHECK(sender.failures() >= 14);
  CHECK(sender.failures() <= 40);
  peer.start();
  sender.service_at(now + 7s);
  CHECK(peer.wait_for("\"Register\""));
}

TEST_CASE("while nobody is there, a try is not made at every call") {
  FaultyPeer peer;
  Sender sender(peer);
  sender.write_all(0, 1);
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) sender.service_at(now + i * 1ms);
  CHECK(sender.failures() == 1);
  sender.service_at(now + 200ms);
  CHECK(sender.failures() == 2);
}

TEST_CASE("a full buffer gives up the oldest and counts them") {
  FaultyPeer peer;
  Sender sender(peer, {.bytes = 64 * 1024});
  sender.write_all(0, 200);
  sender.service_at(std::chrono::steady_clock::now());
  const auto dropped = sender.settlement.dropped_transactions[Reason::buffer_full];
  CHECK(dropped > 0);
  CHECK(dropped < 200);
  peer.start();
  CHECK(sender.flush());
  CHECK(peer.count(sender.id(199)) == 1);
  CHECK(peer.count(sender.id(dropped)) == 1);
  CHECK(peer.count(sender.id(dropped - 1)) == 0);
  CHECK(sender.balanced());
  CHECK(sender.settlement.delivered_transactions == 200 - dropped);
}

TEST_CASE("a batch that breaks the connection every time is given up, the others arrive") {
  FaultyPeer peer;
  Sender sender(peer);
  peer.poison(sender.id(0));
  peer.start();
  sender.write_all(0, 3);
  for (int i = 0; i < 100 && !sender.flush(50ms); ++i) {
  }
  CHECK(peer.count(sender.id(0)) == 5);
  CHECK(sender.settlement.dropped_transactions[Reason::refused] == 1);
  CHECK(sender.settlement.delivered_transactions == 2);
  CHECK(sender.balanced());
}

TEST_CASE("a batch that breaks the connection before it is sent whole is given up, the others arrive") {
  FaultyPeer peer;
  Sender sender(peer);
  peer.close_at_byte(100'000);
  peer.start();
  REQUIRE(sender.write(0, std::string(3'000'000, 'x')));
  sender.write_all(1, 3);
  for (int i = 0; i < 100 && !sender.flush(50ms); ++i) peer.close_at_byte(100'000);
  CHECK(sender.settlement.dropped_transactions[Reason::refused] == 1);
  CHECK(sender.settlement.delivered_transactions == 2);
  CHECK(sender.balanced());
}

TEST_CASE("of a batch that is larger than the socket it says that it sends on, as long as the other side reads") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender.flush());
  peer.freeze();
  REQUIRE(sender.write(0, std::string(3'000'000, 'x')));
  sender.service_at(std::chrono::steady_clock::now());
  CHECK(sender.settlement.sends_on);
  for (int i = 0; i < 1000 && sender.settlement.sends_on; ++i) sender.service_at(std::chrono::steady_clock::now());
  CHECK(!sender.settlement.sends_on);
  peer.thaw();
  CHECK(sender.flush());
  CHECK(!sender.settlement.sends_on);
  CHECK(sender.settlement.delivered_transactions == 1);
}

TEST_CASE("what is given up at the end is counted under the reason given") {
  FaultyPeer peer;
  peer.on_message(Behaviour::mute);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 4);
  CHECK(!sender.flush(20ms));
  sender->abandon(Reason::shutdown, sender.settlement);
  CHECK(sender.settlement.dropped_transactions[Reason::shutdown] == 4);
  CHECK(!sender.service_at(std::chrono::steady_clock::now()));
  CHECK(sender.balanced());
}

TEST_CASE("the child of a fork forgets the parent's messages and does not disturb its connection") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  CHECK(sender.flush());
  sender.write_all(1, 3);
  sender->forget_connection();
  CHECK(!sender.service_at(std::chrono::steady_clock::now()));
  CHECK(sender.settled() == 1);
  CHECK(peer.count("BatchCommand") == 1);
}

TEST_CASE("metadata written while connected arrives, and the last one is repeated on a new connection") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender->write(metadata("1")));
  CHECK(sender.flush());
  REQUIRE(sender->write(metadata("2")));
  CHECK(sender.flush());
  peer.stop();
  peer.start();
  sender.write_all(0, 1);
  CHECK(sender.flush());
  CHECK(peer.count(R"("event_value":1)") == 1);
  CHECK(peer.count(R"("event_value":2)") == 2);
}

TEST_CASE("events wait within bounds and are in no account") {
  FaultyPeer peer;
  Sender sender(peer, {.events = 3});
  sender.write_all(0, 1);
  for (int i = 0; i < 10; ++i) REQUIRE(sender->write(ApplicationEvent("CPU/Utilization", std::to_string(i), "Pid: 1", Time(1s))));
  peer.start();
  CHECK(sender.flush());
  CHECK(peer.count("CPU/Utilization") == 3);
  CHECK(peer.count(R"("event_value":9)") == 1);
  CHECK(sender.settled() == 1);
}

TEST_CASE("the answer to an event is not waited for, that to a transaction is") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender.flush());
  const auto now = std::chrono::steady_clock::now();
  peer.on_message(Behaviour::mute);
  REQUIRE(sender->write(ApplicationEvent("CPU/Utilization", "1", "Pid: 1", Time(1s))));
  CHECK(!sender.service_at(now));
  CHECK(peer.wait_for("CPU/Utilization"));
  sender.write_all(0, 1);
  CHECK(sender.service_at(now));
}

TEST_CASE("a batch larger than a message may be goes without the tags of its spans, and says so") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  CHECK(sender.write(0, std::string(5'000'000, 'x')));
  CHECK(sender.write(1, std::string(4'000'000, 'x')));
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 2);
  CHECK(sender.settlement.dropped_tags == 1);
  const std::vector<std::string> payloads = peer.payloads();
  REQUIRE(payloads.size() == 3);
  const std::string& cut = payloads[1];
  CHECK(cut.find(R"("tag":"scout.dropped_tags","value":1})") != std::string::npos);
  CHECK(cut.find("SQL/Query") != std::string::npos);
  CHECK(cut.size() < 3000);
  CHECK(payloads[2].find("scout.dropped_tags") == std::string::npos);
}

TEST_CASE("a batch that is too large by its names alone is refused at once, and one that is larger than the buffer") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  const std::string name(5'000'000, 'x');
  const SpanView root[] = {{SpanId{1, 1}, {}, name, Time(1s), Time(2s), {}}};
  CHECK(sender->write(Trace(RequestId{1, 1}, Time(1s), Time(2s), {}, root, 0)).error().code == ErrorCode::encode);
  sender.service_at(std::chrono::steady_clock::now());
  CHECK(sender.settlement.dropped_tags == 0);
  Sender small(peer, {.bytes = 10'000});
  CHECK(small.write(0, std::string(20'000, 'x')).error().code == ErrorCode::buffer_full);
  CHECK(small.write(1));
}

TEST_SUITE_END();
