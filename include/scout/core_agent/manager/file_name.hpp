#ifndef SCOUT_CORE_AGENT_MANAGER_FILE_NAME_HPP
#define SCOUT_CORE_AGENT_MANAGER_FILE_NAME_HPP

// Names of files that come from elsewhere: from a manifest, an archive, the configuration.

#include <algorithm>
#include <string>
#include <string_view>

namespace scout::inline v0::detail {

// A name of a file, not a path, and nothing that a terminal obeys.
inline bool is_file_name(std::string_view name) noexcept {
  const auto is_odd = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/'; };
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." && std::none_of(name.begin(), name.end(), is_odd);
}

// For a message, of whatever bytes.
inline std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 100));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return shown;
}

}  // namespace scout::inline v0::detail

#endif
