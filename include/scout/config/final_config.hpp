#ifndef SCOUT_CONFIG_FINAL_CONFIG_HPP
#define SCOUT_CONFIG_FINAL_CONFIG_HPP

// The configuration the rest of the agent works with: every value present, converted and in range. Made by finalize()
// only; each value knows the layer it came from.

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "config.hpp"
#include "layers.hpp"

namespace scout::inline v0 {

struct FinalConfig {
  // As the field of Config, decided.
  std::string key, name;
  bool monitor = false;
  std::string hostname;
  bool collect_remote_ip = true;
  std::vector<std::string> ignore, ignore_endpoints, ignore_jobs;  // without leading slashes, never empty patterns
  std::string revision_sha, scm_subdirectory;
  double shutdown_timeout_seconds = 2;
  bool shutdown_message_enabled = true;
  std::string application_root, environment, framework, framework_version, app_server;
  std::vector<std::string> disabled_instruments;
  double sample_rate = 1;  // all rates are 0 to 1
  std::optional<double> endpoint_sample_rate, job_sample_rate;
  Rates sample_endpoints, sample_jobs;  // without leading slashes
  std::string uri_reporting;            // "filtered_params", "path" or "full_path"
  LogLevel log_level = LogLevel::warning;
  bool log_payload_content = false;
  bool errors_enabled = true;
  std::string errors_host;
  int errors_batch_size = 5;
  std::vector<std::string> errors_ignored_exceptions;
  std::string core_agent_dir, core_agent_config_file;
  bool core_agent_download = true, core_agent_launch = true;
  std::string core_agent_log_file, core_agent_log_level;
  unsigned core_agent_permissions = 0700;
  Address core_agent_socket_path;
  std::string core_agent_triple, core_agent_version, core_agent_full_name, core_agent_sha256, download_url;
  bool download_allow_http = false;
  double slow_span_seconds = 0.5;
  int n_plus_one_count = 5;
  double n_plus_one_seconds = 0.15;
  bool n_plus_one_tag = true;
  std::size_t ring_size = 128 * 1024;

  // As that of Config; empty: standard error.
  std::function<void(LogLevel, std::string_view category, std::string_view message)> log_callback;

  // Where each value is from, and whether it has a problem, in the order of config_keys.
  std::array<Origin, config_key_count> origins{};
  std::array<bool, config_key_count> has_problems{};
  std::vector<std::string> problems;  // one line each, for the log at warning

  // Precondition: `name_of_key` is a key of the table.
  Origin origin(std::string_view name_of_key) const noexcept { return origins[config_key_index(name_of_key)]; }

  // Whether somebody gave the key a value that cannot be used as it is. An old name for it is no such problem. Likewise.
  bool has_problem(std::string_view name_of_key) const noexcept { return has_problems[config_key_index(name_of_key)]; }
};

}  // namespace scout::inline v0

#endif
