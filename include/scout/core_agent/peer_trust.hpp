#ifndef SCOUT_CORE_AGENT_PEER_TRUST_HPP
#define SCOUT_CORE_AGENT_PEER_TRUST_HPP

// Whether the process at the other end of a unix socket may be told the account's key and what the program does. It is root's or
// this user's; or the socket is where only who may write there can have put it, as in /run/scout, and not where anybody can, as
// in /tmp.

#include <sys/stat.h>

#include <climits>
#include <cstdlib>
#include <string>
#include <string_view>

#include "socket.hpp"

namespace scout::inline v0::detail {

inline bool everybody_may_write(const std::string& directory) noexcept {
  struct stat status;
  return ::stat(directory.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) != 0;
}

// A directory on the way to `path`, as it is written.
inline bool everybody_may_write_on_the_way(std::string_view path) {
  for (auto slash = path.rfind('/'); slash != std::string_view::npos && slash != 0; slash = path.substr(0, slash).rfind('/')) {
    if (everybody_may_write(std::string(path.substr(0, slash)))) return true;
  }
  return !path.starts_with('/');
}

// Good for TCP, whose peers have no user.
inline Expected<void> check_peer(const Socket& socket, const Endpoint& endpoint) {
  if (endpoint.address.ss_family != AF_UNIX) return {};
  const auto user = socket.peer_user();
  if (!user) return user.error();
  if (*user == 0 || *user == ::geteuid()) return {};
  sockaddr_un address;
  std::memcpy(&address, &endpoint.address, sizeof address);
  char real[PATH_MAX];
  if (::realpath(address.sun_path, real) != nullptr && !everybody_may_write_on_the_way(real) &&
      !everybody_may_write_on_the_way(address.sun_path)) {
    return {};
  }
  return Error{ErrorCode::refused, "a process of user " + std::to_string(*user) +
                                       " listens there, where anybody may put a socket: it is not trusted"};
}

}  // namespace scout::inline v0::detail

#endif
