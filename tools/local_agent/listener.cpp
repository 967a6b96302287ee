#include "listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace scout::local_agent {
namespace {

constexpr int backlog = 64;
constexpr int socket_kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

Error cannot_listen(std::string_view address, int error) {
  if (error == EADDRINUSE) return {ErrorCode::unreachable, fmt::format("{} is taken: another agent listens there", address)};
  return {ErrorCode::unreachable, fmt::format("cannot listen on {}: {}", address, std::strerror(error))};
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24 == 127;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

// A socket file that nobody listens on any more is left over from a process that was killed.
bool is_left_over(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Descriptor probe{::socket(AF_UNIX, socket_kind, 0)};
  return ::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Expected<Listener> Listener::open(std::string_view address, bool anywhere) {
  if (address.starts_with("tcp://")) return open_tcp(address.substr(6), anywhere);
  for (const std::string_view prefix : {"unix://", "file://"}) {
    if (address.starts_with(prefix)) return open_unix(address.substr(prefix.size()));
  }
  return open_unix(address);
}

Expected<Listener> Listener::open_tcp(std::string_view host_and_port, bool anywhere) {
  const std::size_t colon = host_and_port.rfind(':');
  if (colon == std::string_view::npos)
    return Error{ErrorCode::invalid_argument, fmt::format("tcp://{} has no port", host_and_port)};
  std::string host{host_and_port.substr(0, colon)};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port{host_and_port.substr(colon + 1)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* results = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &results); error != 0) {
    return Error{ErrorCode::invalid_argument, fmt::format("tcp://{}: {}", host_and_port, ::gai_strerror(error))};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{results, &::freeaddrinfo};
  if (!anywhere && !is_loopback(results->ai_addr)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("tcp://{} can be reached from other machines; --listen-anywhere allows that", host_and_port)};
  }
  Listener listener;
  listener.socket_ = Descriptor{::socket(results->ai_family, socket_kind, 0)};
  const int on = 1;
  ::setsockopt(listener.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(listener.descriptor(), results->ai_addr, results->ai_addrlen) != 0 ||
      ::listen(listener.descriptor(), backlog) != 0) {
    return cannot_listen(fmt::format("tcp://{}", host_and_port), errno);
  }
  listener.address_ = fmt::format("tcp://{}:{}", host_and_port.substr(0, colon), port_of(listener.descriptor()));
  return listener;
}

Expected<Listener> Listener::open_unix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("'{}' cannot be the path of a socket: 1 to {} bytes", path, sizeof(address.sun_path) - 1)};
  }
  path.copy(address.sun_path, path.size());
  Listener listener;
  listener.socket_ = Descriptor{::socket(AF_UNIX, socket_kind, 0)};
  if (is_left_over(address)) ::unlink(address.sun_path);
  const mode_t before = ::umask(0177);  // the file is born with mode 0600
  const int bound = ::bind(listener.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::umask(before);
  if (bound != 0) return cannot_listen(path, error);
  listener.path_ = path;
  if (::listen(listener.descriptor(), backlog) != 0) return cannot_listen(path, errno);
  listener.address_ = path;
  return listener;
}

Listener::~Listener() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace scout::local_agent
