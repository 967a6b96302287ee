#ifndef SCOUT_CORE_AGENT_MANAGER_MANIFEST_HPP
#define SCOUT_CORE_AGENT_MANAGER_MANIFEST_HPP

// manifest.json, which comes with the core agent's binary and says its name and SHA-256.

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "../../core/expected.hpp"
#include "file_name.hpp"
#include "sha256.hpp"

namespace scout::inline v0 {

// Bytes; a longer file is no manifest.
inline constexpr std::size_t max_manifest_size = 64 * 1024;

struct Manifest {
  std::string version;  // of the core agent
  std::string binary;   // a name in the manifest's directory
  std::string sha256;   // of the binary, 64 lower-case digits
};

// Fails with ErrorCode::protocol on what is no manifest.
inline Expected<Manifest> parse_manifest(std::string_view text) {
  const auto bad = [](std::string_view why) { return Error{ErrorCode::protocol, "the manifest " + std::string(why)}; };
  if (text.size() > max_manifest_size) return bad("is too long");
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string(text)).get(root) != simdjson::SUCCESS) return bad("is no JSON");
  std::string_view version, binary, sha256;
  if (root["core_agent_version"].get(version) != simdjson::SUCCESS) return bad("has no text core_agent_version");
  if (root["core_agent_binary"].get(binary) != simdjson::SUCCESS) return bad("has no text core_agent_binary");
  if (root["core_agent_binary_sha256"].get(sha256) != simdjson::SUCCESS) return bad("has no text core_agent_binary_sha256");
  if (!detail::is_file_name(binary)) return bad("names a binary that is no file beside it");
  if (!detail::is_sha256(sha256)) return bad("has a core_agent_binary_sha256 that is not 64 lower-case hexadecimal digits");
  return Manifest{std::string(version), std::string(binary), std::string(sha256)};
}

}  // namespace scout::inline v0

#endif
