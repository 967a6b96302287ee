#ifndef SCOUT_CONFIG_LAYERS_HPP
#define SCOUT_CONFIG_LAYERS_HPP

// Where configuration values come from: environment > code (Config) > derived from this process > default.
// The environment is read once, into a snapshot: getenv is not safe beside a setenv on another thread.

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config_key.hpp"

extern "C" char** environ;

namespace scout::inline v0 {

// Where a value is from: the environment, the code (Config), derived from the machine or the program, or the standard
// one.
enum class Origin { environment, code, derived, standard };

// "environment", "code", "derived" or "default".
constexpr std::string_view origin_name(Origin origin) noexcept {
  constexpr std::string_view names[] = {"environment", "code", "derived", "default"};
  return names[static_cast<std::size_t>(origin)];
}

// "sample_rate" -> "SCOUT_SAMPLE_RATE"
inline std::string environment_name(std::string_view key) {
  std::string name = "SCOUT_";
  for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

// The variables that concern the agent.
class Environment {
 public:
  // A name and its value.
  using Variable = std::pair<std::string, std::string>;

  Environment() = default;
  explicit Environment(std::vector<Variable> variables) : variables_(std::move(variables)) {}

  // A copy: later changes are not seen.
  static Environment of_this_process() {
    std::vector<Variable> variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      const auto equals = text.find('=');
      if (equals == std::string_view::npos || !(text.starts_with("SCOUT_") || text.starts_with("HEROKU_SLUG_COMMIT="))) continue;
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return Environment(std::move(variables));
  }

  // Valid as long as this is.
  std::optional<std::string_view> find(std::string_view name) const {
    for (const auto& [key, value] : variables_) {
      if (key == name) return value;
    }
    return std::nullopt;
  }

  // SCOUT_ variables that belong to no key.
  std::vector<std::string> unknown() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : variables_) {
      if (name.starts_with("SCOUT_") && !belongs_to_a_key(name)) names.push_back(name);
    }
    return names;
  }

 private:
  static bool belongs_to_a_key(std::string_view name) {
    for (const ConfigKey& key : config_keys) {
      if (name == environment_name(key.name) || (!key.alias.empty() && name == environment_name(key.alias))) return true;
    }
    return false;
  }

  std::vector<Variable> variables_;
};

// What the derived layer knows.
struct ProcessFacts {
  // The program's name, the machine's, where it was started, and which build of the core agent runs here.
  std::string program, hostname, working_directory, core_agent_triple;

  // Asks the system.
  static ProcessFacts of_this_process();
};

inline ProcessFacts ProcessFacts::of_this_process() {
  ProcessFacts facts;
  char text[PATH_MAX] = {};
#if defined(__GLIBC__) || defined(__linux__)
  if (program_invocation_short_name != nullptr) facts.program = program_invocation_short_name;
#endif
  if (::gethostname(text, sizeof text - 1) == 0) facts.hostname = text;
  if (::getcwd(text, sizeof text) != nullptr) facts.working_directory = text;
#if defined(__x86_64__)
  facts.core_agent_triple = "x86_64";
#elif defined(__aarch64__)
  facts.core_agent_triple = "aarch64";
#elif defined(__i386__)
  facts.core_agent_triple = "i686";
#else
  facts.core_agent_triple = "unknown";
#endif
#if defined(__linux__)
  facts.core_agent_triple += "-unknown-linux-musl";  // the static build, which runs on every Linux
#elif defined(__APPLE__)
  facts.core_agent_triple = "x86_64-apple-darwin";  // there is no native arm64 build
#else
  facts.core_agent_triple += "-unknown";
#endif
  return facts;
}

}  // namespace scout::inline v0

#endif
