#ifndef SCOUT_CORE_AGENT_SOCKET_HPP
#define SCOUT_CORE_AGENT_SOCKET_HPP

// A non-blocking stream socket to the core agent: unix domain or TCP. Everything returns at once except wait(), which ends
// at its deadline, and resolve(), which asks the system's resolver for a host that is not written as a number.

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../config/address.hpp"
#include "../core/expected.hpp"

namespace scout::inline v0 {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

namespace detail {

inline std::string errno_text(int error) { return std::generic_category().message(error); }

inline Expected<std::vector<Endpoint>> resolve_host(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  int error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (error == EAI_NONAME) {
    hints.ai_flags = AI_NUMERICSERV;
    error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  }
  if (error != 0) return Error{ErrorCode::unreachable, address.text() + ": " + ::gai_strerror(error)};
  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    Endpoint& endpoint = endpoints.emplace_back();
    std::memcpy(&endpoint.address, entry->ai_addr, entry->ai_addrlen);
    endpoint.size = entry->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return endpoints;
}

}  // namespace detail

// Where the address leads; several places for a name, to be tried in turn.
inline Expected<std::vector<Endpoint>> resolve(const Address& address) {
  if (!address.is_unix()) return detail::resolve_host(address);
  sockaddr_un unix_address{};
  if (address.path.size() >= sizeof unix_address.sun_path) return detail::bad_address(address.path, "too long for a socket");
  unix_address.sun_family = AF_UNIX;
  address.path.copy(unix_address.sun_path, address.path.size());
  Endpoint endpoint;
  std::memcpy(&endpoint.address, &unix_address, sizeof unix_address);
  endpoint.size = sizeof unix_address;
  return std::vector<Endpoint>{endpoint};
}

class Socket {
 public:
  Socket() = default;
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { close(); }

  // Begins to connect; connected() tells when that is done.
  static Expected<Socket> connect(const Endpoint& endpoint) {
    Socket socket;
    socket.fd_ = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket.fd_ < 0) return failure(ErrorCode::unreachable, errno);
    if (endpoint.address.ss_family != AF_UNIX) {
      const int on = 1;  // whole frames are sent: waiting for more to send would only delay them
      ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size) != 0 && errno != EINPROGRESS &&
        errno != EINTR) {
      // A unix socket whose queue of connections is full says EAGAIN: somebody is there, but busy.
      return failure(errno == EAGAIN ? ErrorCode::timed_out : ErrorCode::unreachable, errno);
    }
    return socket;
  }

  Expected<bool> connected() const {
    pollfd entry{fd_, POLLOUT, 0};
    if (::poll(&entry, 1, 0) <= 0) return false;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return failure(ErrorCode::unreachable, error);
    return true;
  }

  // How many bytes were taken; 0: none now.
  Expected<std::size_t> send(std::string_view bytes) const {
    for (;;) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) return static_cast<std::size_t>(sent);
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
      if (errno != EINTR) return failure(ErrorCode::closed, errno);
    }
  }

  // How many bytes came; 0: none now. The end of the stream is an error.
  Expected<std::size_t> receive(std::span<char> space) const {
    for (;;) {
      const ssize_t received = ::recv(fd_, space.data(), space.size(), 0);
      if (received > 0) return static_cast<std::size_t>(received);
      if (received == 0) return Error{ErrorCode::closed, "closed by the core agent"};
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
      if (errno != EINTR) return failure(ErrorCode::closed, errno);
    }
  }

  // Until `events` (POLLIN, POLLOUT) or the deadline. Without a socket: until the deadline.
  void wait(short events, std::chrono::steady_clock::time_point deadline) const noexcept {
    using namespace std::chrono;
    const auto left = ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd entry{fd_, events, 0};
    ::poll(&entry, 1, static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000)));
  }

  void close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  static Error failure(ErrorCode code, int error) { return {code, detail::errno_text(error)}; }

  int fd_ = -1;
};

}  // namespace scout::inline v0

#endif
