#include "listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>

#include <scout/core_agent/framing.hpp>
#include "terminal_text.hpp"

namespace scout::local_agent {
namespace {

constexpr int backlog = SOMAXCONN;
constexpr int socket_kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

// As scout's configuration tells the two: no slash, and digits after the last colon.
bool looks_like_host_and_port(std::string_view address) {
  const std::size_t port = address.rfind(':') + 1;  // 0: there is no colon
  return port != 0 && port < address.size() && address.find('/') == address.npos &&
         address.find_first_not_of("0123456789", port) == address.npos;
}

Error cannot_listen(std::string_view address, int error) {
  return {ErrorCode::unreachable, fmt::format("cannot listen on {}: {}", address, std::strerror(error))};
}

// Reads exactly so many bytes; empty when they do not come in time.
std::string read_bytes(int socket, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t got = 0; got < size;) {
    const ssize_t n = ::recv(socket, bytes.data() + got, size - got, 0);
    if (n <= 0) return "";
    got += static_cast<std::size_t>(n);
  }
  return bytes;
}

// What a core agent at an address says is its version; empty: nobody, or no core agent, answers within a second.
std::string version_at(const sockaddr* address, socklen_t size) {
  const Descriptor socket{::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval patience{1, 0};
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  constexpr std::string_view question{"\0\0\0\x17{\"CoreAgentVersion\":{}}", 27};
  if (::connect(socket.number(), address, size) != 0 ||
      ::send(socket.number(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size())) {
    return "";
  }
  constexpr std::uint32_t longest = 10'000;
  const std::string header = read_bytes(socket.number(), frame_header_size);
  const std::uint32_t length = header.empty() ? 0 : read_frame_header(header.data());
  if (length == 0 || length > longest) return "";
  simdjson::dom::parser parser;
  std::string_view version;
  const simdjson::padded_string answer{read_bytes(socket.number(), length)};
  if (parser.parse(answer)["CoreAgentVersion"]["version"].get(version) != simdjson::SUCCESS) return "";
  return cleaned(cut(version, 40, true), true);
}

Error taken(std::string_view name, const sockaddr* address, socklen_t size) {
  const std::string version = version_at(address, size);
  return {ErrorCode::refused, version.empty()
                                  ? fmt::format("{} is taken, by something that does not answer as a core agent", name)
                                  : fmt::format("{} is taken: a core agent, version {}, listens there", name, version)};
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

Expected<Listener> Listener::open(std::string_view address, bool remote) {
  if (address.starts_with("tcp://")) return open_tcp(address.substr(6), remote);
  for (const std::string_view prefix : {"unix://", "file://", "unix:"}) {
    if (address.starts_with(prefix)) return open_unix(address.substr(prefix.size()));
  }
  if (looks_like_host_and_port(address)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}: tcp:// goes before host and port, unix: before the path of a socket", address)};
  }
  return open_unix(address);
}

Expected<Listener> Listener::open_tcp(std::string_view host_and_port, bool remote) {
  const std::size_t colon = host_and_port.rfind(':');
  if (colon == std::string_view::npos)
    return Error{ErrorCode::invalid_argument, fmt::format("tcp://{} has no port", host_and_port)};
  std::string host{host_and_port.substr(0, colon)};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port{host_and_port.substr(colon + 1)};
  std::uint16_t number = 0;
  const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (wrong != std::errc{} || end != port.data() + port.size())
    return Error{ErrorCode::invalid_argument, fmt::format("tcp://{} has no port from 0 to 65535", host_and_port)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* results = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &results); error != 0) {
    return Error{ErrorCode::unreachable, fmt::format("tcp://{}: {}", host_and_port, ::gai_strerror(error))};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{results, &::freeaddrinfo};
  if (!remote && !is_loopback(results->ai_addr)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("tcp://{} can be reached from other machines; --allow-remote lets them", host_and_port)};
  }
  Listener listener;
  listener.socket_ = Descriptor{::socket(results->ai_family, socket_kind, 0)};
  const int on = 1;
  ::setsockopt(listener.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(listener.descriptor(), results->ai_addr, results->ai_addrlen) != 0 ||
      ::listen(listener.descriptor(), backlog) != 0) {
    const int error = errno;
    const std::string name = fmt::format("tcp://{}", host_and_port);
    return error == EADDRINUSE ? taken(name, results->ai_addr, results->ai_addrlen) : cannot_listen(name, error);
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
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  Listener listener;
  listener.socket_ = Descriptor{::socket(AF_UNIX, socket_kind, 0)};
  const mode_t before = ::umask(0177);  // the file is born with mode 0600
  int error = ::bind(listener.descriptor(), name, sizeof(address)) == 0 ? 0 : errno;
  if (error == EADDRINUSE && is_left_over(address) && ::unlink(address.sun_path) == 0)
    error = ::bind(listener.descriptor(), name, sizeof(address)) == 0 ? 0 : errno;
  ::umask(before);
  struct stat status {};
  const bool there = ::lstat(address.sun_path, &status) == 0;
  if (error == EADDRINUSE && there && !S_ISSOCK(status.st_mode))
    return Error{ErrorCode::file, fmt::format("{} exists and is no socket", path)};
  if (error == EADDRINUSE) return taken(path, name, sizeof(address));
  if (error != 0) return cannot_listen(path, error);
  listener.file_ = {status.st_dev, status.st_ino};
  listener.path_ = path;
  if (::listen(listener.descriptor(), backlog) != 0) return cannot_listen(path, errno);
  listener.address_ = path;
  return listener;
}

Listener::~Listener() {
  struct stat status {};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
  if (file_ == std::pair{status.st_dev, status.st_ino}) ::unlink(path_.c_str());
}

}  // namespace scout::local_agent
