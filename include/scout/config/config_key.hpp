#ifndef SCOUT_CONFIG_CONFIG_KEY_HPP
#define SCOUT_CONFIG_CONFIG_KEY_HPP

// The one table of configuration keys. Names, meanings and defaults are those of Scout's other agents; the environment
// variable of a key is SCOUT_ and its name in capitals. Config has a field for each, in this order; finalize() checks that.

#include <cstddef>
#include <string_view>

namespace scout::inline v0 {

// What a value may be, and how its text is read.
enum class KeyType {
  text,         // as it is
  name,         // as it is; an empty one is none
  boolean,      // yes, true, t, 1 and no, false, f, 0, in any case; empty is false
  integer,      // at least 1
  seconds,      // at least 0
  list,         // a,b or ["a","b"]
  prefixes,     // a list whose patterns lose blanks and leading slashes; empty ones are skipped
  rate,         // 0 to 1, or a percentage above 1
  rates,        // prefix:rate,… or ["prefix:rate",…]
  octal,        // digits of a file mode
  level,        // of the agent's own log
  core_level,   // of the core agent's log
  reporting,    // filtered_params, path or full_path
  address,      // tcp://host:port, unix:path, a path or auto
  triple,       // of a build: architecture and platform
  power_of_two  // bytes
};

struct ConfigKey {
  std::string_view name;           // as a field of Config; SCOUT_<NAME> in the environment
  KeyType type;                    // of its value
  std::string_view fallback = "";  // the default as it would stand in the environment; a derived value comes before it
  std::string_view alias = "";     // an older name, which wins over this one
  bool secret = false;             // masked wherever it is shown
};

// Every key, in the order of the README's table.
inline constexpr ConfigKey config_keys[] = {
    {"key", KeyType::text, "", "", true},
    {"name", KeyType::name},  // derived: the program's name
    {"monitor", KeyType::boolean, "false"},
    {"hostname", KeyType::text},  // derived: the system's
    {"collect_remote_ip", KeyType::boolean, "true"},
    {"ignore", KeyType::prefixes},
    {"ignore_endpoints", KeyType::prefixes},
    {"ignore_jobs", KeyType::prefixes},
    {"revision_sha", KeyType::text},  // derived: HEROKU_SLUG_COMMIT
    {"scm_subdirectory", KeyType::text},
    {"shutdown_timeout_seconds", KeyType::seconds, "2"},
    {"shutdown_message_enabled", KeyType::boolean, "true"},
    {"application_root", KeyType::text},  // derived: the working directory
    {"environment", KeyType::text},
    {"framework", KeyType::text},
    {"framework_version", KeyType::text},
    {"app_server", KeyType::text},
    {"disabled_instruments", KeyType::list},
    {"sample_rate", KeyType::rate, "1"},
    {"endpoint_sample_rate", KeyType::rate},
    {"job_sample_rate", KeyType::rate},
    {"sample_endpoints", KeyType::rates},
    {"sample_jobs", KeyType::rates},
    {"uri_reporting", KeyType::reporting, "filtered_params"},
    {"log_level", KeyType::level, "warning"},
    {"log_payload_content", KeyType::boolean, "false"},
    {"errors_enabled", KeyType::boolean, "true"},
    {"errors_host", KeyType::text, "https://errors.scoutapm.com"},
    {"errors_batch_size", KeyType::integer, "5"},
    {"errors_ignored_exceptions", KeyType::list},
    {"core_agent_dir", KeyType::text, "/tmp/scout_apm_core"},
    {"core_agent_config_file", KeyType::text, "", "config_file"},
    {"core_agent_download", KeyType::boolean, "true"},
    {"core_agent_launch", KeyType::boolean, "true"},
    {"core_agent_log_file", KeyType::text, "", "log_file"},
    {"core_agent_log_level", KeyType::core_level, "info"},
    {"core_agent_permissions", KeyType::octal, "700"},
    {"core_agent_socket_path", KeyType::address, "tcp://127.0.0.1:6590", "socket_path"},
    {"core_agent_triple", KeyType::triple},  // derived: this machine's
    {"core_agent_version", KeyType::text, "v1.5.1"},
    {"core_agent_full_name", KeyType::text},  // derived: from version and triple
    {"core_agent_sha256", KeyType::text},
    {"download_url", KeyType::text, "https://s3-us-west-1.amazonaws.com/scout-public-downloads/apm_core_agent/release"},
    {"download_allow_http", KeyType::boolean, "false"},
    {"slow_span_seconds", KeyType::seconds, "0.5"},    // 0: no stacks
    {"n_plus_one_count", KeyType::integer, "5"},       // runs of one statement in a transaction, and
    {"n_plus_one_seconds", KeyType::seconds, "0.15"},  // their time together, from when on the next one keeps its stack
    {"n_plus_one_tag", KeyType::boolean, "true"},      // the request says which statements these are
    {"ring_size", KeyType::power_of_two, "131072"},
};

// How many there are.
inline constexpr std::size_t config_key_count = sizeof config_keys / sizeof *config_keys;

// The key's place in the table, or config_key_count.
constexpr std::size_t config_key_index(std::string_view name) noexcept {
  for (std::size_t i = 0; i < config_key_count; ++i) {
    if (config_keys[i].name == name) return i;
  }
  return config_key_count;
}

// Whether install() alone reads it: the address and all about a core agent, sizes, who sends, and from where.
constexpr bool is_read_once(std::string_view name) noexcept {
  for (const std::string_view key :
       {"key", "name", "hostname", "revision_sha", "scm_subdirectory", "application_root", "environment", "framework",
        "framework_version", "app_server", "log_payload_content", "ring_size"}) {
    if (name == key) return true;
  }
  return name.starts_with("core_agent_") || name.starts_with("download_");
}

}  // namespace scout::inline v0

#endif
