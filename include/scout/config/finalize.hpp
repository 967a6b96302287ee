#ifndef SCOUT_CONFIG_FINALIZE_HPP
#define SCOUT_CONFIG_FINALIZE_HPP

// From what was set, wherever, to a FinalConfig. A value that cannot be used is reported with its key, its layer and the
// value that is used instead: the next layer's. install() and configure() call this on the caller's thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absolute_path.hpp"
#include "config_values.hpp"
#include "final_config.hpp"
#include "shown_url.hpp"

namespace scout::inline v0 {

namespace detail {

// Ties a key to its fields.
template <class Given, class Final>
struct ConfigField {
  std::string_view name;
  std::optional<Given> Config::*given;
  Final FinalConfig::*value;
};
template <class Given, class Final>
ConfigField(const char*, std::optional<Given> Config::*, Final FinalConfig::*) -> ConfigField<Given, Final>;

template <class Visit>
constexpr void for_each_config_field(Visit&& visit) {
  visit(ConfigField{"key", &Config::key, &FinalConfig::key});
  visit(ConfigField{"name", &Config::name, &FinalConfig::name});
  visit(ConfigField{"monitor", &Config::monitor, &FinalConfig::monitor});
  visit(ConfigField{"hostname", &Config::hostname, &FinalConfig::hostname});
  visit(ConfigField{"collect_remote_ip", &Config::collect_remote_ip, &FinalConfig::collect_remote_ip});
  visit(ConfigField{"ignore", &Config::ignore, &FinalConfig::ignore});
  visit(ConfigField{"ignore_endpoints", &Config::ignore_endpoints, &FinalConfig::ignore_endpoints});
  visit(ConfigField{"ignore_jobs", &Config::ignore_jobs, &FinalConfig::ignore_jobs});
  visit(ConfigField{"revision_sha", &Config::revision_sha, &FinalConfig::revision_sha});
  visit(ConfigField{"scm_subdirectory", &Config::scm_subdirectory, &FinalConfig::scm_subdirectory});
  visit(ConfigField{"shutdown_timeout_seconds", &Config::shutdown_timeout_seconds, &FinalConfig::shutdown_timeout_seconds});
  visit(ConfigField{"shutdown_message_enabled", &Config::shutdown_message_enabled, &FinalConfig::shutdown_message_enabled});
  visit(ConfigField{"application_root", &Config::application_root, &FinalConfig::application_root});
  visit(ConfigField{"environment", &Config::environment, &FinalConfig::environment});
  visit(ConfigField{"framework", &Config::framework, &FinalConfig::framework});
  visit(ConfigField{"framework_version", &Config::framework_version, &FinalConfig::framework_version});
  visit(ConfigField{"app_server", &Config::app_server, &FinalConfig::app_server});
  visit(ConfigField{"disabled_instruments", &Config::disabled_instruments, &FinalConfig::disabled_instruments});
  visit(ConfigField{"sample_rate", &Config::sample_rate, &FinalConfig::sample_rate});
  visit(ConfigField{"endpoint_sample_rate", &Config::endpoint_sample_rate, &FinalConfig::endpoint_sample_rate});
  visit(ConfigField{"job_sample_rate", &Config::job_sample_rate, &FinalConfig::job_sample_rate});
  visit(ConfigField{"sample_endpoints", &Config::sample_endpoints, &FinalConfig::sample_endpoints});
  visit(ConfigField{"sample_jobs", &Config::sample_jobs, &FinalConfig::sample_jobs});
  visit(ConfigField{"uri_reporting", &Config::uri_reporting, &FinalConfig::uri_reporting});
  visit(ConfigField{"log_level", &Config::log_level, &FinalConfig::log_level});
  visit(ConfigField{"log_payload_content", &Config::log_payload_content, &FinalConfig::log_payload_content});
  visit(ConfigField{"errors_enabled", &Config::errors_enabled, &FinalConfig::errors_enabled});
  visit(ConfigField{"errors_host", &Config::errors_host, &FinalConfig::errors_host});
  visit(ConfigField{"errors_batch_size", &Config::errors_batch_size, &FinalConfig::errors_batch_size});
  visit(ConfigField{"errors_ignored_exceptions", &Config::errors_ignored_exceptions, &FinalConfig::errors_ignored_exceptions});
  visit(ConfigField{"core_agent_dir", &Config::core_agent_dir, &FinalConfig::core_agent_dir});
  visit(ConfigField{"core_agent_config_file", &Config::core_agent_config_file, &FinalConfig::core_agent_config_file});
  visit(ConfigField{"core_agent_download", &Config::core_agent_download, &FinalConfig::core_agent_download});
  visit(ConfigField{"core_agent_launch", &Config::core_agent_launch, &FinalConfig::core_agent_launch});
  visit(ConfigField{"core_agent_log_file", &Config::core_agent_log_file, &FinalConfig::core_agent_log_file});
  visit(ConfigField{"core_agent_log_level", &Config::core_agent_log_level, &FinalConfig::core_agent_log_level});
  visit(ConfigField{"core_agent_permissions", &Config::core_agent_permissions, &FinalConfig::core_agent_permissions});
  visit(ConfigField{"core_agent_socket_path", &Config::core_agent_socket_path, &FinalConfig::core_agent_socket_path});
  visit(ConfigField{"core_agent_triple", &Config::core_agent_triple, &FinalConfig::core_agent_triple});
  visit(ConfigField{"core_agent_version", &Config::core_agent_version, &FinalConfig::core_agent_version});
  visit(ConfigField{"core_agent_full_name", &Config::core_agent_full_name, &FinalConfig::core_agent_full_name});
  visit(ConfigField{"core_agent_sha256", &Config::core_agent_sha256, &FinalConfig::core_agent_sha256});
  visit(ConfigField{"download_url", &Config::download_url, &FinalConfig::download_url});
  visit(ConfigField{"download_allow_http", &Config::download_allow_http, &FinalConfig::download_allow_http});
  visit(ConfigField{"slow_span_seconds", &Config::slow_span_seconds, &FinalConfig::slow_span_seconds});
  visit(ConfigField{"n_plus_one_count", &Config::n_plus_one_count, &FinalConfig::n_plus_one_count});
  visit(ConfigField{"n_plus_one_seconds", &Config::n_plus_one_seconds, &FinalConfig::n_plus_one_seconds});
  visit(ConfigField{"n_plus_one_tag", &Config::n_plus_one_tag, &FinalConfig::n_plus_one_tag});
  visit(ConfigField{"ring_size", &Config::ring_size, &FinalConfig::ring_size});
}

// For configure(): takes over what only install() reads.
inline void keep_what_install_read(FinalConfig& changed, const FinalConfig& installed) {
  for_each_config_field([&](const auto& field) {
    if (!is_read_once(field.name)) return;
    changed.*field.value = installed.*field.value;
    const std::size_t index = config_key_index(field.name);
    changed.origins[index] = installed.origins[index];
    changed.has_problems[index] = installed.has_problems[index];
  });
}

constexpr bool fields_follow_the_table() {
  std::size_t index = 0;
  bool same = true;
  for_each_config_field(
      [&](const auto& field) { same = same && index < config_key_count && config_keys[index++].name == field.name; });
  return same && index == config_key_count;
}
static_assert(fields_follow_the_table());

// A key's fields, as what is the same for all types sees them. Whoever takes a value stores it where it is usable.
class AnyField {
 public:
  virtual Fit take(std::string_view text) = 0;
  virtual Fit take_given() = 0;
  virtual bool is_given() const = 0;
  virtual std::string given_text() const = 0;
  virtual std::string value_text() const = 0;

 protected:
  ~AnyField() = default;
};

template <class Given, class Final>
class FieldOf final : public AnyField {
 public:
  FieldOf(KeyType type, const std::optional<Given>& given, Final& value) : type_(type), given_(given), value_(value) {}

  Fit take(std::string_view text) override { return store(from_text(text, std::optional<Given>{})); }
  Fit take_given() override { return store(given_); }
  bool is_given() const override { return given_.has_value(); }
  std::string given_text() const override { return detail::value_text(*given_); }
  std::string value_text() const override { return detail::value_text(value_); }

 private:
  Fit store(const std::optional<Given>& given) {
    Final candidate{};
    const Fit fit = given ? accept(type_, *given, candidate) : Fit::bad;
    if (is_usable(fit)) value_ = std::move(candidate);
    return fit;
  }

  KeyType type_;
  const std::optional<Given>& given_;
  Final& value_;
};

class Finalizer {
 public:
  Finalizer(const Config& config, const Environment& environment, const ProcessFacts& facts)
      : config_(config), environment_(environment), facts_(facts) {}

  FinalConfig run() {
    final_.log_callback = config_.log_callback;
    for_each_config_field([this](const auto& field) {
      const ConfigKey& key = config_keys[config_key_index(field.name)];
      FieldOf fields(key.type, config_.*field.given, final_.*field.value);
      resolve(key, fields);
    });
    if (Address& address = final_.core_agent_socket_path; address.is_automatic) {
      address.older_path = final_.core_agent_dir + '/' + final_.core_agent_full_name + "/scout-agent.sock";
    }
    if (std::string& root = final_.application_root; !root.empty() && !root.starts_with('/')) {
      root = path_below(facts_.working_directory, root);
    }
    for (const auto& name : environment_.unknown()) report(name + " belongs to no configuration key");
    if (final_.monitor && final_.key.empty()) report("key is not set: no account will show what is sent");
    if (final_.monitor && final_.origin("name") != Origin::environment && final_.origin("name") != Origin::code) {
      report("name is not set: using the program's, '" + final_.name + '\'');
    }
    return std::move(final_);
  }

 private:
  void report(std::string text) { final_.problems.push_back(std::move(text)); }

  void resolve(const ConfigKey& key, AnyField& field) {
    std::vector<std::string> complaints;
    const auto fits = [&](Fit fit, const std::string& what) {
      if (fit == Fit::clamped || fit == Fit::bad) complaints.push_back(what + ", not " + std::string(expectation(key.type)));
      return is_usable(fit);
    };
    const auto take_text = [&](std::string_view text, std::string_view where) {
      return fits(field.take(text), std::string(where) + " is '" + std::string(text) + '\'');
    };
    const auto choose = [&] {
      for (const std::string_view name : {key.alias, key.name}) {
        const std::string variable = environment_name(name);
        const auto text = name.empty() ? std::nullopt : environment_.find(variable);
        if (!text) continue;
        if (name == key.alias) report(variable + " is an old name: use " + environment_name(key.name));
        if (take_text(*text, variable)) return Origin::environment;
      }
      if (field.is_given() && fits(field.take_given(), std::string(key.name) + " is " + field.given_text() + " in code")) {
        return Origin::code;
      }
      if (const auto text = derived(key.name); !text.empty() && take_text(text, key.name)) return Origin::derived;
      if (!key.fallback.empty()) take_text(key.fallback, key.name);
      return Origin::standard;
    };
    const Origin origin = choose();
    final_.origins[config_key_index(key.name)] = origin;
    final_.has_problems[config_key_index(key.name)] = !complaints.empty();
    for (const auto& complaint : complaints) {
      report(complaint + "; using " + field.value_text() + " (" + std::string(origin_name(origin)) + ')');
    }
  }

  std::string derived(std::string_view key) const {
    if (key == "name") return facts_.program;
    if (key == "hostname") return facts_.hostname;
    if (key == "revision_sha") return std::string(environment_.find("HEROKU_SLUG_COMMIT").value_or(""));
    if (key == "application_root") return facts_.working_directory;
    if (key == "core_agent_triple") return facts_.core_agent_triple;
    if (key == "core_agent_full_name") return "scout_apm_core-" + final_.core_agent_version + '-' + final_.core_agent_triple;
    return {};
  }

  const Config& config_;
  const Environment& environment_;
  const ProcessFacts& facts_;
  FinalConfig final_;
};

}  // namespace detail

// The environment before `config` before what `facts` and the table say. A bad value is skipped, and is a line of
// `problems`.
inline FinalConfig finalize(const Config& config, const Environment& environment = Environment::of_this_process(),
                            const ProcessFacts& facts = ProcessFacts::of_this_process()) {
  return detail::Finalizer(config, environment, facts).run();
}

// Calls setting(key, value, origin) for each key of the table, with the value as text; secrets are masked.
template <class Setting>
void for_each_setting(const FinalConfig& config, Setting setting) {
  detail::for_each_config_field([&](const auto& field) {
    const ConfigKey& key = config_keys[config_key_index(field.name)];
    const std::string text = detail::value_text(config.*field.value);
    const bool set = text != detail::value_text(std::string());
    setting(key, key.secret && set ? "***" : detail::shown_url(text), config.origin(key.name));
  });
}

// One line a key, "sample_rate = 0.5 (code)", for the log at debug.
inline std::vector<std::string> describe(const FinalConfig& config) {
  std::vector<std::string> lines;
  for_each_setting(config, [&](const ConfigKey& key, const std::string& value, Origin origin) {
    lines.push_back(std::string(key.name) + " = " + value + " (" + std::string(origin_name(origin)) + ')');
  });
  return lines;
}

}  // namespace scout::inline v0

#endif
