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
  std::optional<std::string> hostname = {};                       // of this machine, unless it is the system's
  std::optional<bool> collect_remote_ip = {};                     // whether requests say whose they are: user_ip
  std::optional<std::vector<std::string>> ignore = {};            // path prefixes
  std::optional<std::vector<std::string>> ignore_endpoints = {};  // prefixes of names after "Controller/"
  std::optional<std::vector<std::string>> ignore_jobs = {};       // prefixes of names after "Job/"
  std::optional<std::string> revision_sha = {};                   // of the version that runs; unset: HEROKU_SLUG_COMMIT
  std::optional<std::string> scm_subdirectory = {};               // of the repository, with the application
  std::optional<double> shutdown_timeout_seconds = {};  // 0: no drain at exit
  std::optional<bool> shutdown_message_enabled = {};    // one line, whatever the log level but off, when the exit waits
  std::optional<std::string> application_root = {};     // the working directory unless set; a relative one is below it
  std::optional<std::string> environment = {};          // told to Scout, like the three below: "production"
  std::optional<std::string> framework = {};            // of the application
  std::optional<std::string> framework_version = {};    // its version
  std::optional<std::string> app_server = {};           // what the application runs in
  std::optional<std::vector<std::string>> disabled_instruments = {};  // integrations that record nothing: "sqlite3", "curl"
  std::optional<double> sample_rate = {};  // 0 to 1, or a percentage above 1
  std::optional<double> endpoint_sample_rate = {};  // of web requests, in place of sample_rate
  std::optional<double> job_sample_rate = {};       // of background jobs, likewise
  std::optional<Rates> sample_endpoints = {};       // by the name after "Controller/", before the other rates
  std::optional<Rates> sample_jobs = {};            // by the name after "Job/", likewise
  std::optional<std::string> uri_reporting = {};  // "filtered_params", "path" or "full_path"
  std::optional<std::string> log_level = {};      // "debug", "info", "warning", "error" or "off"
  std::optional<bool> log_payload_content = {};   // at debug, what is sent; it may hold secrets
  std::optional<bool> errors_enabled = {};        // read and checked; nothing uses it
  std::optional<std::string> errors_host = {};    // likewise
  std::optional<int> errors_batch_size = {};      // likewise
  std::optional<std::vector<std::string>> errors_ignored_exceptions = {};  // likewise
  std::optional<std::string> core_agent_dir = {};                          // where binaries are kept
  std::optional<std::string> core_agent_config_file = {};                  // handed to the core agent that is launched
  std::optional<bool> core_agent_download = {};                            // whether one may be downloaded
  std::optional<bool> core_agent_launch = {};                              // whether one may be launched
  std::optional<std::string> core_agent_log_file = {};                     // of the core agent that is launched
  std::optional<std::string> core_agent_log_level = {};                    // "trace", "debug", "info", "warn" or "error"
  std::optional<std::string> core_agent_permissions = {};  // octal digits: "700"
  std::optional<std::string> core_agent_socket_path = {};  // tcp://host:port, unix:path, a path or auto
  std::optional<std::string> core_agent_triple = {};       // which build; unset: this machine's
  std::optional<std::string> core_agent_version = {};      // which version to download
  std::optional<std::string> core_agent_full_name = {};    // of directory and archive; unset: from version and triple
  std::optional<std::string> core_agent_sha256 = {};  // what the binary must have, whatever its manifest says
  std::optional<std::string> download_url = {};       // where the archives are
  std::optional<bool> download_allow_http = {};  // from other machines too
  std::optional<double> slow_span_seconds = {};   // a span that lasts longer keeps its stack; 0: none does
  std::optional<int> n_plus_one_count = {};       // runs of a statement in a transaction: this one keeps its stack when they took
  std::optional<double> n_plus_one_seconds = {};  // as long as this together
  std::optional<bool> n_plus_one_tag = {};        // the tag n_plus_one of the request: which statement, how often, how long
  std::optional<int> ring_size = {};              // bytes of buffer per thread, a power of two

  // Where the agent's own messages go instead of standard error. Called on any thread. In it the functions of agent.hpp do
  // nothing and return at once (false, an empty account), since the agent may hold its locks; for the same reason it must
  // not wait for a thread that calls them.
  std::function<void(LogLevel, std::string_view category, std::string_view message)> log_callback = {};
};

}  // namespace scout::inline v0

#endif
