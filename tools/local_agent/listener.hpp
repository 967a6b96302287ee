#ifndef SCOUT_TOOLS_LOCAL_AGENT_LISTENER_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_LISTENER_HPP

// The listening socket: "tcp://127.0.0.1:6590" (port 0: a free one) or the path of a Unix socket, which only its owner
// may open and which goes away with the listener.

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include <scout/core/expected.hpp>

namespace scout::local_agent {

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

class Listener {
 public:
  // Only loopback addresses unless `remote`. A socket file that nobody listens on is replaced, no other file is.
  // ErrorCode::refused when somebody listens there; the message says who.
  static Expected<Listener> open(std::string_view address, bool remote = false);

  Listener(Listener&& other) noexcept = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int descriptor() const { return socket_.number(); }
  const std::string& address() const { return address_; }  // with the port that was chosen

 private:
  Listener() = default;
  static Expected<Listener> open_tcp(std::string_view host_and_port, bool remote);
  static Expected<Listener> open_unix(std::string_view path);

  Descriptor socket_;
  std::string address_;
  std::string path_;  // of the Unix socket, which is ours to remove while it is still that file
  std::pair<dev_t, ino_t> file_{};
};

}  // namespace scout::local_agent

#endif
