// The socket by itself: where addresses lead, and what its calls say when the peer is absent, busy or gone.
#include "scout/core_agent/socket.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <utility>

#include "../support/faulty_peer.hpp"
#include "scout/core_agent/connection.hpp"

using namespace scout;
using namespace scout_tests;
using namespace std::chrono_literals;

namespace {

std::vector<Endpoint> resolved(std::string_view text) {
  const auto address = parse_address(text);
  REQUIRE(address);
  auto endpoints = resolve(*address);
  REQUIRE(endpoints);
  return *endpoints;
}

// A connected socket and the peer's end of it, without a thread.
struct Pair {
  Pair() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = "/tmp/scout-socket-" + std::to_string(::getpid()) + ".sock";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path.c_str());
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    auto connecting = Socket::connect(resolved(path).front());
    REQUIRE(connecting);
    socket = std::move(*connecting);
    peer = ::accept(listener, nullptr, nullptr);
    ::close(listener);
    ::unlink(path.c_str());
  }
  ~Pair() { close_peer(); }
  void close_peer() {
    if (peer >= 0) ::close(peer);
    peer = -1;
  }

  Socket socket;
  int peer = -1;
};

}  // namespace

TEST_SUITE_BEGIN("core_agent_socket");

TEST_CASE("numeric addresses and paths need no resolver, a name leads to its addresses") {
  CHECK(resolved("tcp://127.0.0.1:6590").front().address.ss_family == AF_INET);
  CHECK(resolved("tcp://[::1]:6590").front().address.ss_family == AF_INET6);
  CHECK(resolved("unix:/run/scout.sock").front().address.ss_family == AF_UNIX);
  CHECK(!resolved("tcp://localhost").empty());
}

TEST_CASE("a name that does not exist is unreachable, with the address") {
  const auto endpoints = resolve(Address{"", "no-such-host.invalid", 6590});
  REQUIRE(!endpoints);
  CHECK(endpoints.error().code == ErrorCode::unreachable);
  CHECK(endpoints.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("the warning about an address that leads nowhere says it once") {
  const std::string name = "no-such-host.invalid", path = "/tmp/" + std::string(200, 'x');
  for (const auto& [address, text] : {std::pair{Address{"", name, 6590}, name}, std::pair{Address{path, "", 0}, path}}) {
    std::string message;
    const Logger logger(LogLevel::warning, [&](LogLevel, std::string_view, std::string_view said) { message = said; });
    Connection connection(address, logger);
    connection.advance(std::chrono::steady_clock::now());
    REQUIRE(connection.last_error());
    CHECK(connection.last_error()->message == message);
    CAPTURE(message);
    CHECK(message.find(text) != std::string::npos);
    CHECK(message.find(text) == message.rfind(text));
  }
}

TEST_CASE("where nobody listens is unreachable") {
  const FaultyPeer peer;
  CHECK(Socket::connect(resolved(peer.address()).front()).error().code == ErrorCode::unreachable);
  const FaultyPeer tcp_peer(Transport::tcp);
  const auto socket = Socket::connect(resolved(tcp_peer.address()).front());
  if (socket) {
    CHECK(socket->connected().error().code == ErrorCode::unreachable);
  } else {
    CHECK(socket.error().code == ErrorCode::unreachable);
  }
}

TEST_CASE("nothing to read and no room to write are no errors") {
  const Pair pair;
  char space[16];
  CHECK(*pair.socket.receive(space) == 0);
  const std::string bytes(1 << 20, 'x');
  std::size_t sent = 1;
  for (int i = 0; i < 100 && sent > 0; ++i) {
    const auto result = pair.socket.send(bytes);
    REQUIRE(result);
    sent = *result;
  }
  CHECK(sent == 0);
}

TEST_CASE("a peer that is gone is an error on both ways and no signal") {
  Pair pair;
  REQUIRE(::write(pair.peer, "ab", 2) == 2);
  pair.close_peer();
  char space[16];
  CHECK(*pair.socket.receive(space) == 2);
  CHECK(pair.socket.receive(space).error().code == ErrorCode::closed);
  std::signal(SIGPIPE, SIG_DFL);
  CHECK(pair.socket.send("x").error().code == ErrorCode::closed);
}

TEST_CASE("waiting ends with what it waits for, and at the deadline") {
  const Pair pair;
  auto start = std::chrono::steady_clock::now();
  pair.socket.wait(POLLIN, start + 20ms);
  CHECK(std::chrono::steady_clock::now() - start >= 20ms);
  REQUIRE(::write(pair.peer, "a", 1) == 1);
  start = std::chrono::steady_clock::now();
  pair.socket.wait(POLLIN, start + 10s);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  pair.socket.wait(POLLIN | POLLOUT, start - 1s);
}

TEST_SUITE_END();
