#ifndef SCOUT_TOOLS_LOCAL_AGENT_SERVER_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_SERVER_HPP

// Serves all connections on one thread, through one epoll descriptor. Whatever a client does, memory is bounded: by the
// size of a frame, the bytes of unfinished frames in all connections together, the answers that one does not read (then it
// is not read from), the number of connections, and the time a connection may owe the rest of a frame, the reading of
// its answers or a first word.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "listener.hpp"
#include "session.hpp"

namespace scout::local_agent {

struct ServerLimits {
  std::uint32_t frame = 16 * 1024 * 1024;
  std::size_t connections = 2000;  // Node's agent keeps up to 500; further ones wait until one is gone
  std::size_t waiting_bytes = 64 * 1024 * 1024;
  std::size_t unread_answers = 16 * 1024;
  std::chrono::milliseconds patience{30'000};
};

class Server {
 public:
  Server(Listener listener, Desk& desk, ServerLimits limits = {});

  const std::string& address() const { return listener_.address(); }

  // Serves until `stop` becomes readable or a client sends CoreAgentShutdown.
  void run(int stop);

  // The same in steps, for a loop that waits for other things too: when descriptor() is readable or timeout() has passed
  // (-1: no need), serve() what there is, without waiting. False: a client wants it to end. finish() takes what had
  // arrived by then and closes all connections.
  int descriptor() const { return epoll_.number(); }
  int timeout() const;
  bool serve();
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  struct Connection {
    Connection(Descriptor socket_, Desk& desk) : socket(std::move(socket_)), session(desk) {}

    // It has to do something before it may be quiet.
    bool owes() const { return session.messages() == 0 || !partial.empty() || !unsent.empty() || !reading || broken; }

    Descriptor socket;
    Session session;
    std::string partial;  // frames not handled yet, the last of them unfinished
    std::string unsent;
    std::uint32_t interest = 0;
    Clock::time_point since = Clock::now();  // of the last progress, while it owes something
    bool reading = true;                     // false: answer what came, then close
    bool broken = false;                     // what still comes is thrown away, so that the answer why arrives
    std::list<Connection>::iterator place;
  };

  void accept_all();
  void close(Connection& connection);
  void close_overdue();
  void listen(bool on);
  void watch(Connection& connection);
  // False: the connection is over.
  bool serve(Connection& connection, std::uint32_t events);
  bool read(Connection& connection);
  // Handles whole frames while answers are read; the number of bytes that were handled.
  std::size_t handle_frames(Connection& connection, std::string_view bytes);
  void handle_partial(Connection& connection);
  void keep(Connection& connection, std::string_view bytes);
  void break_off(Connection& connection, std::string_view why);
  bool send(Connection& connection);

  Listener listener_;
  Desk& desk_;
  ServerLimits limits_;
  Descriptor epoll_;
  std::vector<char> buffer_;  // what one recv() takes
  std::list<Connection> connections_;
  std::size_t waiting_ = 0;                     // bytes in all `partial`s
  Clock::time_point next_look_ = Clock::now();  // for those that are overdue
  bool listening_ = false, stopping_ = false;
};

}  // namespace scout::local_agent

#endif
