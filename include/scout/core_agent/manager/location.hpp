#ifndef SCOUT_CORE_AGENT_MANAGER_LOCATION_HPP
#define SCOUT_CORE_AGENT_MANAGER_LOCATION_HPP

// Where the core agent's files are and come from, by the configuration.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "../../config/absolute_path.hpp"
#include "../../config/final_config.hpp"
#include "../../core/expected.hpp"
#include "file_name.hpp"
#include "sha256.hpp"

namespace scout::inline v0 {

// Where a core agent's binary is from, and where it belongs.
struct CoreAgentLocation {
  std::string directory;        // core_agent_dir, absolute, without a slash at its end
  std::string full_name;        // of the directory in it, and of the archive without .tgz
  std::string url;              // of the archive
  std::string sha256;           // what the binary must have; empty: what its manifest says
  unsigned permissions = 0700;  // of directories that are made

  // The directory of binary and manifest.
  std::string folder() const { return directory + '/' + full_name; }
};

namespace detail {

// The query of the folder's URL, a signature perhaps, goes with it; a fragment is nothing to a server.
inline std::string archive_url(std::string_view folder, std::string_view full_name) {
  folder = folder.substr(0, folder.find('#'));
  const auto query = std::min(folder.find('?'), folder.size());
  std::string url(folder.substr(0, query));
  while (url.ends_with('/')) url.pop_back();
  return url.append("/").append(full_name).append(".tgz").append(folder.substr(query));
}

}  // namespace detail

// Fails when the configuration cannot be used so; reads the working directory for a relative path.
inline Expected<CoreAgentLocation> core_agent_location(const FinalConfig& config) {
  const auto bad = [](std::string text) { return Error{ErrorCode::invalid_argument, std::move(text)}; };
  if (config.core_agent_dir.empty()) return bad("core_agent_dir is empty");
  if (!detail::is_file_name(config.core_agent_full_name) || config.core_agent_full_name.starts_with('.')) {
    return bad("core_agent_full_name '" + config.core_agent_full_name + "' is no name of a directory");
  }
  if ((config.core_agent_permissions & 0700) != 0700 || (config.core_agent_permissions & 0002) != 0) {
    return bad("core_agent_permissions must let this user do all (7..) and may let nobody write but a group");
  }
  if (!config.core_agent_sha256.empty() && !detail::is_sha256(config.core_agent_sha256)) {
    return bad("core_agent_sha256 is not 64 lower-case hexadecimal digits");
  }
  return CoreAgentLocation{detail::absolute_path(config.core_agent_dir), config.core_agent_full_name,
                           detail::archive_url(config.download_url, config.core_agent_full_name), config.core_agent_sha256,
                           config.core_agent_permissions};
}

}  // namespace scout::inline v0

#endif
