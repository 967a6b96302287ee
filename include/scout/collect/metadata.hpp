#ifndef SCOUT_COLLECT_METADATA_HPP
#define SCOUT_COLLECT_METADATA_HPP

// The payload of the event scout.metadata: what the process is, with the keys that Scout's Python agent sends.

#include <string>
#include <string_view>

#include "../config/final_config.hpp"
#include "../core/json_text.hpp"
#include "../sink/trace.hpp"
#include "../version.hpp"

namespace scout::inline v0::detail {

inline constexpr std::string_view language_version =
#if defined(__clang__)
    "C++20 / clang " __clang_version__;
#else
    "C++20 / gcc " __VERSION__;
#endif

inline std::string metadata_json(const FinalConfig& config, Time server_time) {
  std::string json = "{";
  const auto key = [&](std::string_view name) {
    if (json.size() > 1) json += ',';
    append_json_string(json, name);
    json += ':';
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    append_json_string(json, value);
  };
  text("language", "cpp");
  text("language_version", language_version);
  text("version", language_version);  // the older name of the same
  key("server_time");
  append_json_timestamp(json, server_time);
  text("framework", config.framework);
  text("framework_version", config.framework_version);
  text("environment", config.environment);
  text("app_server", config.app_server);
  text("hostname", config.hostname);
  text("database_engine", "");
  text("database_adapter", "");
  text("application_name", "");  // as Scout's Python agent sends it: the registration names the application
  key("libraries");
  json += "[[\"scout\",\"" SCOUT_VERSION "\"]]";
  text("paas", "");
  text("application_root", config.application_root);
  text("scm_subdirectory", config.scm_subdirectory);
  text("git_sha", config.revision_sha);
  json += '}';
  return json;
}

}  // namespace scout::inline v0::detail

#endif
