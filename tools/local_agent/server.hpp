#ifndef SCOUT_TOOLS_LOCAL_AGENT_SERVER_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_SERVER_HPP

// The one loop that serves all connections. Bounded: frames, connections, the bytes waiting in all connections together,
// and answers that a client does not read (it is not read from, then).

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include <scout/core_agent/framing.hpp>
#include "listener.hpp"
#include "session.hpp"

namespace scout::local_agent {

struct ServerLimits {
  std::uint32_t frame = 16 * 1024 * 1024;
  std::size_t connections = 600;  // Node's agent keeps up to 500
  std::size_t waiting_bytes = 64 * 1024 * 1024;
  std::size_t unread_answers = 64 * 1024;
};

class Server {
 public:
  Server(Listener listener, Desk& desk, ServerLimits limits = {})
      : listener_(std::move(listener)), desk_(desk), limits_(limits) {}

  const std::string& address() const { return listener_.address(); }

  // Serves until `stop` becomes readable or a client sends CoreAgentShutdown.
  void run(int stop);

 private:
  struct Connection {
    Connection(Descriptor socket_, Desk& desk, std::uint32_t frame) : socket(std::move(socket_)), session(desk), reader(frame) {}

    Descriptor socket;
    Session session;
    FrameReader reader;
    std::size_t waiting = 0;  // bytes in the reader
    std::size_t most_waiting = 0;
    std::string unsent;
    bool reading = true;  // false: answer what came, then close
  };

  void accept_all();
  // False: the connection is over.
  bool serve(Connection& connection, short events);
  bool read(Connection& connection);
  bool answer_frames(Connection& connection);
  bool send(Connection& connection);

  Listener listener_;
  Desk& desk_;
  ServerLimits limits_;
  std::list<Connection> connections_;
  std::size_t waiting_ = 0;
  bool stopping_ = false;
};

}  // namespace scout::local_agent

#endif
