// A manifest.json, from whoever serves the core agent's archive.

#include <scout/core/json_text.hpp>
#include <scout/core_agent/manager/manifest.hpp>

#include <string>

#include "property.hpp"

using namespace scout;
using fuzz::require, fuzz::require_same;

namespace {

std::string written(const Manifest& manifest) {
  std::string text;
  const auto member = [&](const char* name, const std::string& value) {
    text += text.empty() ? "{\"" : ",\"";
    text += name;
    text += "\":";
    append_json_string(text, value);
  };
  member("core_agent_version", manifest.version);
  member("core_agent_binary", manifest.binary);
  member("core_agent_binary_sha256", manifest.sha256);
  return text + '}';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto manifest = parse_manifest(text);
  if (!manifest) {
    require(manifest.error().message.starts_with("the manifest "), "an error says what is wrong", manifest.error().message);
    return 0;
  }
  const std::string& binary = manifest->binary;
  require(!binary.empty() && binary != "." && binary != ".." && binary.find('/') == std::string::npos &&
              binary.find('\0') == std::string::npos && binary.size() < 256,
          "the binary is a file beside the manifest", binary);
  require(manifest->sha256.size() == 64, "a SHA-256 has 64 digits", manifest->sha256);
  for (const char c : manifest->sha256) require((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'), "of these", manifest->sha256);
  const auto again = parse_manifest(written(*manifest));
  require(again.has_value(), "what was read can be written", written(*manifest));
  require_same(again->version, manifest->version, "the same version");
  require_same(again->binary, manifest->binary, "the same binary");
  require_same(again->sha256, manifest->sha256, "the same SHA-256");
  return 0;
}
