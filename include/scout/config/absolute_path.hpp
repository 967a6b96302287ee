#ifndef SCOUT_CONFIG_ABSOLUTE_PATH_HPP
#define SCOUT_CONFIG_ABSOLUTE_PATH_HPP

// Paths that mean the same wherever the program goes afterwards, as a daemon does.

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "address.hpp"

namespace scout::inline v0::detail {

// Without a slash at its end. Reads the working directory for a relative path.
inline std::string absolute_path(std::string_view path) {
  std::string absolute(path);
  if (!path.starts_with('/')) {
    char folder[PATH_MAX];
    absolute = ::getcwd(folder, sizeof folder) != nullptr ? folder + ('/' + absolute) : '/' + absolute;
  }
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

// A relative path as file names begin that the compiler wrote: below `folder`, without "." and "..". Knows no links.
inline std::string path_below(std::string_view folder, std::string_view path) {
  const std::string joined = std::string(folder) + '/' + std::string(path);
  std::string plain;
  for (std::string_view rest = joined; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part == "..") {
      plain.resize(std::min(plain.rfind('/'), plain.size()));
    } else if (!part.empty() && part != ".") {
      plain.append(1, '/').append(part);
    }
  }
  return plain.empty() ? "/" : plain;
}

// The address's paths, but those that would be too long for a socket.
inline void make_absolute(Address& address) {
  for (std::string* const path : {&address.path, &address.older_path}) {
    if (path->empty()) continue;
    std::string absolute = absolute_path(*path);
    if (absolute.size() <= longest_socket_path) *path = std::move(absolute);
  }
}

}  // namespace scout::inline v0::detail

#endif
