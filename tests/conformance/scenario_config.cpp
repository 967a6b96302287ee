#include "scenario_config.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "scenario_value.hpp"

extern char** environ;

namespace conformance {
namespace {

using Texts = std::vector<std::string>;

// A scenario may write numbers, switches and lists as text, as one would for Scout's other agents.
Texts split(std::string_view text) {
  Texts items;
  while (!text.empty()) {
    const std::size_t end = text.find(',');
    const std::string_view item = text.substr(0, end);
    items.emplace_back(item.substr(std::min(item.find_first_not_of(' '), item.size())));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return items;
}

template <class Number>
bool read_number(std::string_view text, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read(element json, std::string& to) {
  to = text_of({json});
  return !json.is_null();
}
bool read(element json, bool& to) {
  if (json.get(to) == simdjson::SUCCESS) return true;
  const std::string text = text_of({json});
  to = text == "true" || text == "True" || text == "yes" || text == "t" || text == "1";
  return to || text == "false" || text == "False" || text == "no" || text == "f" || text == "0" || json.is_string();
}
bool read(element json, double& to) { return read_number(text_of({json}), to); }
bool read(element json, int& to) { return read_number(text_of({json}), to); }
bool read(element json, Texts& to) {
  if (json.is_string()) return to = split(text_of({json})), true;
  if (!json.is_array()) return false;
  for (const element item : as<array>(json, "config")) to.push_back(text_of({item}));
  return true;
}
bool read(element json, scout::Rates& to) {
  if (json.is_object()) {
    for (const auto member : as<object>(json, "config")) {
      double rate = 0;
      if (read(member.value, rate)) to.emplace_back(std::string(member.key), rate);
    }
    return true;
  }
  Texts items;
  if (!read(json, items)) return false;
  for (const std::string& item : items) {
    const std::size_t colon = item.rfind(':');
    double rate = 0;
    if (colon != std::string::npos && read_number(std::string_view(item).substr(colon + 1), rate))
      to.emplace_back(item.substr(0, colon), rate);
  }
  return true;
}

// False: the field's type has no such value, and it stays unset.
template <auto field>
bool set(scout::Config& config, element json) {
  if (std::string_view text; json.get(text) == simdjson::SUCCESS && text == "<unset>") {
    (config.*field).reset();
    return true;
  }
  if (read(json, (config.*field).emplace())) return true;
  (config.*field).reset();
  return false;
}

struct Field {
  std::string_view name;
  bool (*set)(scout::Config&, element);
};
using scout::Config;
constexpr Field fields[] = {
    {"key", set<&Config::key>},
    {"name", set<&Config::name>},
    {"monitor", set<&Config::monitor>},
    {"hostname", set<&Config::hostname>},
    {"collect_remote_ip", set<&Config::collect_remote_ip>},
    {"ignore", set<&Config::ignore>},
    {"ignore_endpoints", set<&Config::ignore_endpoints>},
    {"ignore_jobs", set<&Config::ignore_jobs>},
    {"revision_sha", set<&Config::revision_sha>},
    {"scm_subdirectory", set<&Config::scm_subdirectory>},
    {"shutdown_timeout_seconds", set<&Config::shutdown_timeout_seconds>},
    {"shutdown_message_enabled", set<&Config::shutdown_message_enabled>},
    {"application_root", set<&Config::application_root>},
    {"environment", set<&Config::environment>},
    {"framework", set<&Config::framework>},
    {"framework_version", set<&Config::framework_version>},
    {"app_server", set<&Config::app_server>},
    {"disabled_instruments", set<&Config::disabled_instruments>},
    {"sample_rate", set<&Config::sample_rate>},
    {"endpoint_sample_rate", set<&Config::endpoint_sample_rate>},
    {"job_sample_rate", set<&Config::job_sample_rate>},
    {"sample_endpoints", set<&Config::sample_endpoints>},
    {"sample_jobs", set<&Config::sample_jobs>},
    {"uri_reporting", set<&Config::uri_reporting>},
    {"log_level", set<&Config::log_level>},
    {"log_payload_content", set<&Config::log_payload_content>},
    {"errors_enabled", set<&Config::errors_enabled>},
    {"errors_host", set<&Config::errors_host>},
    {"errors_batch_size", set<&Config::errors_batch_size>},
    {"errors_ignored_exceptions", set<&Config::errors_ignored_exceptions>},
    {"core_agent_dir", set<&Config::core_agent_dir>},
    {"core_agent_config_file", set<&Config::core_agent_config_file>},
    {"core_agent_download", set<&Config::core_agent_download>},
    {"core_agent_launch", set<&Config::core_agent_launch>},
    {"core_agent_log_file", set<&Config::core_agent_log_file>},
    {"core_agent_log_level", set<&Config::core_agent_log_level>},
    {"core_agent_permissions", set<&Config::core_agent_permissions>},
    {"core_agent_socket_path", set<&Config::core_agent_socket_path>},
    {"core_agent_triple", set<&Config::core_agent_triple>},
    {"core_agent_version", set<&Config::core_agent_version>},
    {"core_agent_full_name", set<&Config::core_agent_full_name>},
    {"download_url", set<&Config::download_url>},
    {"slow_span_seconds", set<&Config::slow_span_seconds>},
    {"n_plus_one_count", set<&Config::n_plus_one_count>},
    {"n_plus_one_seconds", set<&Config::n_plus_one_seconds>},
    {"n_plus_one_tag", set<&Config::n_plus_one_tag>},
    {"ring_size", set<&Config::ring_size>},
};

void set_field(Config& config, std::string_view name, element json) {
  for (const Field& field : fields) {
    if (field.name != name) continue;
    if (!field.set(config, json)) fmt::print(stderr, "{} cannot be {} in C++: left unset\n", name, simdjson::to_string(json));
    return;
  }
  fmt::print(stderr, "{} is no key of scout's: left out\n", name);
}

// A loop of empty spans outruns the collector as no application does; a scenario is about something else than lost spans.
constexpr int ring_size = 1 << 22;

}  // namespace

scout::Config config_of(element scenario, const std::string& address) {
  Config config{.key = "abcdefghij0123456789",
                .name = "Golden App",
                .monitor = true,
                .hostname = "golden-host",
                .shutdown_message_enabled = false,
                .application_root = "/srv/app",
                .errors_enabled = false,
                .core_agent_launch = false,
                .core_agent_socket_path = address,
                .n_plus_one_tag = false,
                .ring_size = ring_size};
  if (const auto set = find(scenario, "config"); set && !set->is_null()) {
    for (const auto member : as<object>(*set, "config")) set_field(config, member.key, member.value);
  }
  return config;
}

void set_environment(element scenario) {
  std::vector<std::string> inherited;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with("SCOUT_")) inherited.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : inherited) ::unsetenv(name.c_str());
  if (const auto set = find(scenario, "env"); set && !set->is_null()) {
    for (const auto member : as<object>(*set, "env"))
      ::setenv(std::string(member.key).c_str(), text_of({member.value}).c_str(), 1);
  }
}

}  // namespace conformance
