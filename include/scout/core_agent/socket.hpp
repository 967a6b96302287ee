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
#include <sys/stat.h>
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

// A socket address, as the system has it.
struct Endpoint {
  sockaddr_storage address{};  // of any family
  socklen_t size = 0;          // bytes of it that count
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

inline Expected<Endpoint> unix_endpoint(const std::string& path) {
  sockaddr_un unix_address{};
  if (path.size() >= sizeof unix_address.sun_path) return bad_address(path, "too long for a socket");
  unix_address.sun_family = AF_UNIX;
  path.copy(unix_address.sun_path, path.size());
  Endpoint endpoint;
  std::memcpy(&endpoint.address, &unix_address, sizeof unix_address);
  endpoint.size = sizeof unix_address;
  return endpoint;
}

}  // namespace detail

// Where the address leads; several places for a name, or for an automatic one, to be tried in turn. An error says the address.
inline Expected<std::vector<Endpoint>> resolve(const Address& address) {
  if (address.is_unix()) {
    const auto endpoint = detail::unix_endpoint(address.path);
    if (!endpoint) return endpoint.error();
    return std::vector<Endpoint>{*endpoint};
  }
  auto endpoints = detail::resolve_host(address);
  if (endpoints && !address.older_path.empty() && ::access(address.older_path.c_str(), F_OK) == 0) {
    if (const auto older = detail::unix_endpoint(address.older_path)) endpoints->push_back(*older);
  }
  return endpoints;
}

// A stream socket that never blocks; who wants to wait says until when.
class Socket {
 public:
  Socket() = default;
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), inode_(other.inode_) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(inode_, other.inode_);
    return *this;
  }
  ~Socket() { close(); }

  // Begins to connect; connected() tells when that is done.
  static Expected<Socket> connect(const Endpoint& endpoint) {
    Socket socket;
    socket.fd_ = ::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket.fd_ < 0) return failure(ErrorCode::unreachable, errno);
    socket.inode_ = inode_of(socket.fd_);
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

  // False: the program has closed the descriptor, as daemons close all that they do not know; its number may be that of a
  // file of the program's by now.
  bool intact() const noexcept { return fd_ >= 0 && inode_of(fd_) == inode_; }

  // False: not yet. An error: nobody there.
  Expected<bool> connected() const {
    pollfd entry{fd_, POLLOUT, 0};
    if (::poll(&entry, 1, 0) <= 0) return false;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return failure(ErrorCode::unreachable, error);
    return true;
  }

  // Of the process that listens at the other end of a unix socket.
  Expected<uid_t> peer_user() const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return failure(ErrorCode::closed, errno);
    return peer.uid;
  }

  // How many bytes were taken; 0: none now.
  Expected<std::size_t> send(std::string_view bytes) const {
    for (;;) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) return static_cast<std::size_t>(sent);
      if (errno == EAGAIN) return std::size_t{0};  // EWOULDBLOCK on Linux, too
      if (errno != EINTR) return failure(ErrorCode::closed, errno);
    }
  }

  // How many bytes came; 0: none now. The end of the stream is an error.
  Expected<std::size_t> receive(std::span<char> space) const {
    for (;;) {
      const ssize_t received = ::recv(fd_, space.data(), space.size(), 0);
      if (received > 0) return static_cast<std::size_t>(received);
      if (received == 0) return Error{ErrorCode::closed, "closed by the core agent"};
      if (errno == EAGAIN) return std::size_t{0};  // EWOULDBLOCK on Linux, too
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

  // Leaves a descriptor alone that is the program's by now.
  void close() noexcept {
    if (intact()) ::close(fd_);
    fd_ = -1;
  }

 private:
  // Of a socket; 0: it is none. All sockets of a system are on one device.
  static ino_t inode_of(int fd) noexcept {
    struct stat found;
    return ::fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode) ? found.st_ino : 0;
  }

  static Error failure(ErrorCode code, int error) { return {code, detail::errno_text(error)}; }

  int fd_ = -1;
  ino_t inode_ = 0;
};

}  // namespace scout::inline v0

#endif
