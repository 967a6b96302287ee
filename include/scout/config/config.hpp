#ifndef SCOUT_CONFIG_CONFIG_HPP
#define SCOUT_CONFIG_CONFIG_HPP

// What a program sets in code: install({.key = "…", .name = "…"}). Every field is optional and named as its configuration
// key; the environment wins over it, and a default stands in for what neither sets (config_key.hpp lists them).

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/log_level.hpp"

namespace scout::inline v0 {

using Rates = std::vector<std::pair<std::string, double>>;  // prefix of a name -> rate; the first match counts

struct Config {
  std::optional<std::string> key = {};   // the organisation's key
  std::optional<std::string> name = {};  // the application's name
  std::optional<bool> monitor = {};      // off unless set
  std::optional<std::string> hostname = {};
  std::optional<bool> collect_remote_ip = {};
  std::optional<std::vector<std::string>> ignore = {};            // path prefixes
  std::optional<std::vector<std::string>> ignore_endpoints = {};  // prefixes of names after "Controller/"
  std::optional<std::vector<std::string>> ignore_jobs = {};       // prefixes of names after "Job/"
  std::optional<std::string> revision_sha = {};
  std::optional<std::string> scm_subdirectory = {};
  std::optional<double> shutdown_timeout_seconds = {};  // 0: no drain at exit
  std::optional<bool> shutdown_message_enabled = {};
  std::optional<std::string> application_root = {};
  std::optional<std::string> environment = {};
  std::optional<std::string> framework = {};
  std::optional<std::string> framework_version = {};
  std::optional<std::string> app_server = {};
  std::optional<std::vector<std::string>> disabled_instruments = {};
  std::optional<double> sample_rate = {};  // 0 to 1, or a percentage above 1
  std::optional<double> endpoint_sample_rate = {};
  std::optional<double> job_sample_rate = {};
  std::optional<Rates> sample_endpoints = {};
  std::optional<Rates> sample_jobs = {};
  std::optional<std::string> uri_reporting = {};  // "filtered_params", "path" or "full_path"
  std::optional<std::string> log_level = {};      // "debug", "info", "warning", "error" or "off"
  std::optional<bool> log_payload_content = {};
  std::optional<bool> errors_enabled = {};
  std::optional<std::string> errors_host = {};
  std::optional<int> errors_batch_size = {};
  std::optional<std::vector<std::string>> errors_ignored_exceptions = {};
  std::optional<std::string> core_agent_dir = {};
  std::optional<std::string> core_agent_config_file = {};
  std::optional<bool> core_agent_download = {};
  std::optional<bool> core_agent_launch = {};
  std::optional<std::string> core_agent_log_file = {};
  std::optional<std::string> core_agent_log_level = {};
  std::optional<std::string> core_agent_permissions = {};  // octal digits: "700"
  std::optional<std::string> core_agent_socket_path = {};  // tcp://host:port, unix:path or a path
  std::optional<std::string> core_agent_triple = {};
  std::optional<std::string> core_agent_version = {};
  std::optional<std::string> core_agent_full_name = {};
  std::optional<std::string> core_agent_sha256 = {};  // what the binary must have, whatever its manifest says
  std::optional<std::string> download_url = {};
  std::optional<bool> download_allow_http = {};  // from other machines too
  std::optional<double> slow_span_seconds = {};   // a span that lasts longer keeps its stack; 0: none does
  std::optional<int> n_plus_one_count = {};       // runs of a statement in a transaction: this one keeps its stack when they took
  std::optional<double> n_plus_one_seconds = {};  // as long as this together
  std::optional<bool> n_plus_one_tag = {};        // the tag n_plus_one of the request: which statement, how often, how long
  std::optional<int> ring_size = {};              // bytes of buffer per thread, a power of two

  // Where the agent's own messages go instead of standard error. Called on any thread.
  std::function<void(LogLevel, std::string_view category, std::string_view message)> log_callback = {};
};

}  // namespace scout::inline v0

#endif
