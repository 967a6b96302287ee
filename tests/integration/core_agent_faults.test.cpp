// Faults of the connection that a core agent on the same machine really has: frozen, slow, replaced, broken at any byte.
#include <sys/resource.h>

#include <algorithm>

#include "../support/sender.hpp"

using namespace scout_tests;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

SteadyTime now() { return std::chrono::steady_clock::now(); }

// Calls service() until the connection has failed that often.
void wait_for_failures(Sender& sender, int count) {
  const auto latest = now() + 10s;
  while (sender.failures() < count && now() < latest) {
    sender.service_at(now());
    std::this_thread::yield();
  }
  REQUIRE(sender.failures() >= count);
}

// Where each transaction first arrived, in the order of the peer's payloads.
bool arrived_in_order(const FaultyPeer& peer, const Sender& sender, std::uint64_t from, std::uint64_t to) {
  const auto payloads = peer.payloads();
  auto place = payloads.begin();
  for (auto number = from; number < to; ++number) {
    const std::string id = sender.id(number);
    place = std::find_if(place, payloads.end(), [&](const std::string& payload) { return payload.find(id) != std::string::npos; });
    if (place == payloads.end()) return false;
  }
  return true;
}

std::uint64_t processor_milliseconds() {
  rusage usage;
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto of = [](const timeval& time) { return std::uint64_t(time.tv_sec) * 1000 + std::uint64_t(time.tv_usec) / 1000; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

TEST_SUITE_BEGIN("core_agent_faults");

TEST_CASE("closed at any byte of a batch, nothing is lost and what comes twice is counted") {
  FaultyPeer measured;
  measured.start();
  std::size_t registration = 0, batch = 0;
  {
    Sender sender(measured);
    sender.write_all(0, 1);
    REQUIRE(sender.flush());
    registration = frame_header_size + measured.payloads()[0].size();
    batch = frame_header_size + measured.payloads()[1].size();
  }
  for (std::size_t offset = 1; offset <= registration + batch; ++offset) {
    CAPTURE(offset);
    FaultyPeer peer;
    peer.start();
    Sender sender(peer, {.bytes = 64 * 1024});
    sender.write_all(offset, offset + 2);
    peer.close_at_byte(offset);
    wait_for_failures(sender, 1);
    REQUIRE(sender.flush());
    REQUIRE(sender.settlement.delivered_transactions == 2);
    REQUIRE(sender.balanced());
    REQUIRE(arrived_in_order(peer, sender, offset, offset + 2));
    REQUIRE(sender.settlement.redelivered_transactions <= 2);
  }
}

TEST_CASE("a reset connection is a broken one: the batch is sent again, once") {
  FaultyPeer peer(Transport::tcp);
  peer.on_message(Behaviour::reset);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  wait_for_failures(sender, 1);
  CHECK(sender->status().last_error.find("Connection reset") != std::string::npos);
  peer.on_message(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(peer.count(sender.id(0)) == 2);
  CHECK(sender.settlement.redelivered_transactions == 1);
  CHECK(sender.settlement.delivered_transactions == 1);
}

TEST_CASE("an answer that announces two gigabytes ends the connection and takes no memory") {
  FaultyPeer peer;
  peer.on_message(Behaviour::oversize);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  wait_for_failures(sender, 1);
  CHECK(sender->status().last_error.find("a frame of 2147483647 bytes") != std::string::npos);
  peer.on_message(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 1);
}

TEST_CASE("half an answer and then nothing is no answer") {
  FaultyPeer peer;
  peer.on_message(Behaviour::half);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 1);
  CHECK(sender.flush(50ms).error().code == ErrorCode::timed_out);
  REQUIRE(peer.wait_for(sender.id(0)));
  sender.service_at(now() + 11s);
  CHECK(sender->status().last_error.find("no answer in 10 s") != std::string::npos);
  peer.on_message(Behaviour::ok);
  CHECK(sender.flush());
  CHECK(sender.settlement.delivered_transactions == 1);
  CHECK(sender.balanced());
}

TEST_CASE("an address that cannot be reached costs nothing but the data, which waits") {
  for (const char* const address : {"tcp://240.0.0.1:6590", "unix:/nonexistent/folder/agent.sock"}) {
    CAPTURE(std::string(address));
    Sender sender{std::string(address)};
    sender.write_all(0, 3);
    const auto start = now();
    const ErrorCode error = sender.flush(300ms).error().code;  // some networks say so, some say nothing
    CHECK((error == ErrorCode::unreachable || error == ErrorCode::timed_out));
    CHECK(now() - start < 1s);
    CHECK(sender.settled() == 0);
    CHECK(sender.balanced());
  }
}

TEST_CASE("a core agent that stands still for five seconds gets everything when it goes on, once") {
  for (const Transport transport : {Transport::unix_socket, Transport::tcp}) {
    FaultyPeer peer(transport);
    peer.start();
    Sender sender(peer);
    sender.write_all(0, 1);
    REQUIRE(sender.flush());
    peer.freeze();
    const auto frozen = now();
    std::uint64_t next = 1;
    for (auto time = frozen; time < frozen + 5s; time += 5ms) {
      sender.write_all(next, next + 2);  // more than the socket holds
      next += 2;
      sender.service_at(time);
    }
    CHECK(now() - frozen < 3s);  // nothing waited for the peer
    CHECK(sender.failures() == 0);
    peer.thaw();
    CHECK(sender.flush(20s));
    CHECK(sender.settlement.delivered_transactions == next);
    CHECK(sender.settlement.redelivered_transactions == 0);
    CHECK(arrived_in_order(peer, sender, 0, next));
    CHECK(sender.balanced());
  }
}

TEST_CASE("a core agent that stands still for longer is connected to again, and what it has twice is counted") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer);
  REQUIRE(sender.flush());
  peer.freeze();
  sender.write_all(0, 10);
  const auto frozen = now();
  sender.service_at(frozen);
  sender.service_at(frozen + 11s);
  CHECK(sender.failures() == 1);
  peer.thaw();
  CHECK(sender.flush());
  CHECK(peer.wait_for(sender.id(0), 2));  // the one that it reads from the old connection before it sees its end
  CHECK(arrived_in_order(peer, sender, 0, 10));
  CHECK(sender.settlement.redelivered_transactions == 10);
  CHECK(sender.settlement.delivered_transactions == 10);
  CHECK(sender.balanced());
}

TEST_CASE("a full buffer for a minute: the newest are kept, each of the others is counted, and it costs no time") {
  FaultyPeer peer;
  peer.start();
  Sender sender(peer, {.bytes = 256 * 1024});
  REQUIRE(sender.flush());
  peer.freeze();
  const auto start = now();
  const auto used = processor_milliseconds();
  std::uint64_t next = 0;
  for (auto time = start; time < start + 60s; time += 25ms) {
    sender.write_all(next, next + 4);
    next += 4;
    sender.service_at(time);
  }
  CHECK(processor_milliseconds() - used < 2000);  // of a minute
  const auto dropped = sender.settlement.dropped_transactions;
  CHECK(dropped[Reason::buffer_full] == dropped.total());
  CHECK(dropped[Reason::buffer_full] > next / 2);
  peer.thaw();
  CHECK(sender.flush(20s));
  CHECK(sender.settlement.delivered_transactions + dropped[Reason::buffer_full] == next);
  CHECK(peer.count(sender.id(next - 1)) >= 1);
  CHECK(sender.balanced());
}

TEST_CASE("a peer that takes and gives one byte at a time gets everything") {
  FaultyPeer peer;
  peer.trickle(1ms);
  peer.start();
  Sender sender(peer);
  sender.write_all(0, 2);
  const auto used = processor_milliseconds();
  CHECK(sender.flush(60s));
  CHECK(processor_milliseconds() - used < 500);  // of several seconds
  CHECK(sender.settlement.delivered_transactions == 2);
  CHECK(sender.settlement.redelivered_transactions == 0);
  CHECK(peer.count(sender.id(1)) == 1);
}

TEST_CASE("a socket file that is replaced leaves the connection alone; the next one goes to the new core agent") {
  FaultyPeer first, second;
  first.start();
  Sender sender(first);
  sender.write_all(0, 1);
  REQUIRE(sender.flush());
  second.start();
  second.take_place_of(first);
  sender.write_all(1, 2);
  CHECK(sender.flush());
  CHECK(first.count(sender.id(1)) == 1);
  first.stop();
  sender.write_all(2, 3);
  CHECK(sender.flush());
  CHECK(second.payloads().front().find("Register") != std::string::npos);
  CHECK(second.count(sender.id(2)) == 1);
  CHECK(sender.settlement.delivered_transactions == 3);
  CHECK(sender.balanced());
}

TEST_SUITE_END();
