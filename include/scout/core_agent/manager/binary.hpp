#ifndef SCOUT_CORE_AGENT_MANAGER_BINARY_HPP
#define SCOUT_CORE_AGENT_MANAGER_BINARY_HPP

// The core agent's binary, found on this machine and verified: nobody else can have written it, its SHA-256 is that of its
// manifest and, when the configuration has one, that of the configuration.

#include <sys/statvfs.h>

#include <string>
#include <utility>

#include "location.hpp"
#include "manifest.hpp"
#include "trusted_files.hpp"

namespace scout::inline v0 {

// A core agent's binary that was found and verified.
struct CoreAgentBinary {
  // Where it is, and what its manifest says it is.
  std::string path, version, sha256;
};

namespace detail {

inline Expected<Manifest> read_manifest(int folder, const std::string& folder_path, unsigned allowed) {
  const std::string path = folder_path + "/manifest.json";
  const auto file = open_trusted_file(folder, "manifest.json", path, allowed);
  if (!file) return file.error();
  std::string text;
  const auto read = read_all(file->number(), path, [&](std::string_view bytes) {
    if (text.size() <= max_manifest_size) text += bytes;
  });
  if (!read) return read.error();
  auto manifest = parse_manifest(text);
  if (!manifest) return Error{manifest.error().code, path + ": " + manifest.error().message};
  return manifest;
}

// The files as they are in `folder`, wherever that is to end up.
inline Expected<CoreAgentBinary> verify_files(int folder, const std::string& folder_path, const CoreAgentLocation& location) {
  const auto manifest = read_manifest(folder, folder_path, location.permissions);
  if (!manifest) return manifest.error();
  const std::string path = folder_path + '/' + manifest->binary;
  const auto binary = open_trusted_file(folder, manifest->binary, path, location.permissions);
  if (!binary) return binary.error();
  Sha256 hash;
  if (const auto read = read_all(binary->number(), path, [&](std::string_view bytes) { hash.add(bytes); }); !read)
    return read.error();
  const std::string digits = hash.digits();
  const auto differs = [&](std::string_view wanted, std::string_view whose) {
    return untrusted(path, "has SHA-256 " + digits + ", not " + std::string(whose) + ' ' + std::string(wanted));
  };
  if (digits != manifest->sha256) return differs(manifest->sha256, "its manifest's");
  if (!location.sha256.empty() && digits != location.sha256) return differs(location.sha256, "core_agent_sha256's");
  return CoreAgentBinary{path, manifest->version, digits};
}

inline Expected<void> check_file_system(int folder, std::string_view path) {
  struct statvfs file_system;
  if (::fstatvfs(folder, &file_system) == 0 && (file_system.f_flag & ST_NOEXEC) != 0) {
    return untrusted(path, "is on a file system that is mounted noexec: set core_agent_dir to one that is not");
  }
  return {};
}

inline Expected<void> check_executable(int folder, const CoreAgentBinary& binary) {
  if (auto fine = check_file_system(folder, binary.path); !fine) return fine;
  if (::access(binary.path.c_str(), X_OK) != 0) return file_error(binary.path, errno);
  return {};
}

}  // namespace detail

// What is there, ready to run. ErrorCode::file with no such file: nothing is there.
inline Expected<CoreAgentBinary> find_core_agent_binary(const CoreAgentLocation& location) {
  const auto folder = detail::open_trusted_directory(location.folder(), false, location.permissions);
  if (!folder) return folder.error();
  auto binary = detail::verify_files(folder->number(), location.folder(), location);
  if (!binary) return binary;
  if (auto executable = detail::check_executable(folder->number(), *binary); !executable) return executable.error();
  return binary;
}

}  // namespace scout::inline v0

#endif
