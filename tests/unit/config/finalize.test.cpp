#include "scout/config/finalize.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace scout;
using Items = std::vector<std::string>;

namespace {

const ProcessFacts facts{"shop", "web-1", "/srv/shop", "x86_64-unknown-linux-musl"};

FinalConfig finalized(const Config& config, std::vector<Environment::Variable> variables = {}) {
  return finalize(config, Environment(std::move(variables)), facts);
}

// The only problem there is.
std::string problem(const FinalConfig& config) {
  REQUIRE(config.problems.size() == 1);
  return config.problems.front();
}

}  // namespace

TEST_SUITE_BEGIN("config/finalize");

TEST_CASE("what nobody sets has its default and no problem is reported") {
  const auto config = finalized({});
  CHECK(config.problems.empty());
  CHECK(!config.monitor);
  CHECK(config.key == "");
  CHECK(config.collect_remote_ip);
  CHECK(config.shutdown_timeout_seconds == 2);
  CHECK(config.sample_rate == 1);
  CHECK(!config.endpoint_sample_rate);
  CHECK(config.uri_reporting == "filtered_params");
  CHECK(config.errors_enabled);
  CHECK(config.errors_batch_size == 5);
  CHECK(config.core_agent_permissions == 0700);
  CHECK(config.core_agent_socket_path == Address{"", "127.0.0.1", 6590});
  CHECK(config.core_agent_log_level == "info");
  CHECK(config.log_level == LogLevel::warning);
  CHECK(config.ring_size == 131072);
  CHECK(config.origin("sample_rate") == Origin::standard);
}

TEST_CASE("the process fills in what it knows about itself") {
  const auto config = finalized({}, {{"HEROKU_SLUG_COMMIT", "abc123"}, {"SCOUT_CORE_AGENT_VERSION", "v1.4.0"}});
  CHECK(config.name == "shop");
  CHECK(config.hostname == "web-1");
  CHECK(config.application_root == "/srv/shop");
  CHECK(config.revision_sha == "abc123");
  CHECK(config.core_agent_full_name == "scout_apm_core-v1.4.0-x86_64-unknown-linux-musl");
  CHECK(config.origin("hostname") == Origin::derived);
}

TEST_CASE("the environment wins over code, code over what is derived, that over the default") {
  const Config code{.hostname = "code", .revision_sha = "code", .sample_rate = 0.5};
  const auto config = finalized(code, {{"SCOUT_SAMPLE_RATE", "0.25"}, {"HEROKU_SLUG_COMMIT", "derived"}});
  CHECK(config.sample_rate == 0.25);
  CHECK(config.origin("sample_rate") == Origin::environment);
  CHECK(config.hostname == "code");
  CHECK(config.revision_sha == "code");
  CHECK(config.origin("revision_sha") == Origin::code);
}

TEST_CASE("a variable that is set but empty counts as set") {
  const auto config = finalized({.monitor = true, .revision_sha = "code"}, {{"SCOUT_REVISION_SHA", ""}, {"SCOUT_MONITOR", ""}});
  CHECK(config.revision_sha == "");
  CHECK(!config.monitor);
}

TEST_CASE("every kind of value can come from the environment") {
  const auto config = finalized({}, {{"SCOUT_KEY", "k"},
                                     {"SCOUT_NAME", "n"},
                                     {"SCOUT_MONITOR", "yes"},
                                     {"SCOUT_IGNORE", "/health, /, a"},
                                     {"SCOUT_IGNORE_JOBS", R"(["x,y"])"},
                                     {"SCOUT_DISABLED_INSTRUMENTS", "sqlite3,hiredis"},
                                     {"SCOUT_SHUTDOWN_TIMEOUT_SECONDS", "0"},
                                     {"SCOUT_SAMPLE_RATE", "80"},
                                     {"SCOUT_JOB_SAMPLE_RATE", "0"},
                                     {"SCOUT_SAMPLE_ENDPOINTS", "/a:40,b:0"},
                                     {"SCOUT_URI_REPORTING", "filtered-params"},
                                     {"SCOUT_LOG_LEVEL", "WARN"},
                                     {"SCOUT_ERRORS_ENABLED", "false"},
                                     {"SCOUT_ERRORS_BATCH_SIZE", "10"},
                                     {"SCOUT_CORE_AGENT_PERMISSIONS", "770"},
                                     {"SCOUT_CORE_AGENT_SOCKET_PATH", "unix:/run/scout.sock"},
                                     {"SCOUT_RING_SIZE", "65536"}});
  CHECK(config.problems == Items{});
  CHECK(config.key == "k");
  CHECK(config.monitor);
  CHECK(config.ignore == Items{"health", "a"});
  CHECK(config.ignore_jobs == Items{"x,y"});
  CHECK(config.disabled_instruments == Items{"sqlite3", "hiredis"});
  CHECK(config.shutdown_timeout_seconds == 0);
  CHECK(config.sample_rate == 0.8);
  CHECK(config.job_sample_rate == 0);
  CHECK(config.sample_endpoints == Rates{{"a", 0.4}, {"b", 0}});
  CHECK(config.uri_reporting == "filtered_params");
  CHECK(config.log_level == LogLevel::warning);
  CHECK(!config.errors_enabled);
  CHECK(config.errors_batch_size == 10);
  CHECK(config.core_agent_permissions == 0770);
  CHECK(config.core_agent_socket_path.path == "/run/scout.sock");
  CHECK(config.ring_size == 65536);
}

TEST_CASE("a bad value is reported with its key, its layer and what is used instead, the next layer's") {
  auto config = finalized({.shutdown_timeout_seconds = 5}, {{"SCOUT_SHUTDOWN_TIMEOUT_SECONDS", "abc"}});
  CHECK(config.shutdown_timeout_seconds == 5);
  CHECK(problem(config) == "SCOUT_SHUTDOWN_TIMEOUT_SECONDS is 'abc', not a number of seconds; using 5 (code)");

  config = finalized({.core_agent_socket_path = "http://x"});
  CHECK(config.core_agent_socket_path.port == 6590);
  CHECK(problem(config) ==
        "core_agent_socket_path is 'http://x' in code, not tcp://host:port, unix:path, a path or auto; using tcp://127.0.0.1:6590 "
        "(default)");
}

TEST_CASE("a core agent's host and port without tcp:// are reported with the spelling, and no socket file") {
  const auto config = finalized({}, {{"SCOUT_CORE_AGENT_SOCKET_PATH", "10.0.0.7:6590"}});
  CHECK(config.core_agent_socket_path == Address{"", "127.0.0.1", 6590});
  CHECK(problem(config) ==
        "SCOUT_CORE_AGENT_SOCKET_PATH is '10.0.0.7:6590', not tcp://host:port, unix:path, a path or auto; using "
        "tcp://127.0.0.1:6590 (default)");
}

TEST_CASE("a configuration knows which keys were given what cannot be used as it is, whichever their names and layers") {
  auto config = finalized({.sample_rate = 200, .ring_size = 5}, {{"SCOUT_SOCKET_PATH", "tcp://"}, {"SCOUT_LOG_FILE", "a"}});
  for (const ConfigKey& key : config_keys) {
    const bool is_wrong = key.name == "sample_rate" || key.name == "ring_size" || key.name == "core_agent_socket_path";
    CHECK(config.has_problem(key.name) == is_wrong);
  }
  config = finalized({.monitor = true});
  CHECK(config.problems.size() == 2);
  for (const ConfigKey& key : config_keys) CHECK_FALSE(config.has_problem(key.name));
}

TEST_CASE("every typed key refuses what it cannot use") {
  for (const Environment::Variable& bad : std::vector<Environment::Variable>{{"MONITOR", "perhaps"},
                                                                             {"SHUTDOWN_TIMEOUT_SECONDS", "-1"},
                                                                             {"IGNORE", "[\"a\""},
                                                                             {"SAMPLE_RATE", "nan"},
                                                                             {"ENDPOINT_SAMPLE_RATE", ""},
                                                                             {"SAMPLE_ENDPOINTS", "a"},
                                                                             {"URI_REPORTING", "all"},
                                                                             {"LOG_LEVEL", "loud"},
                                                                             {"ERRORS_BATCH_SIZE", "0"},
                                                                             {"CORE_AGENT_LOG_LEVEL", "loud"},
                                                                             {"CORE_AGENT_PERMISSIONS", "789"},
                                                                             {"CORE_AGENT_SOCKET_PATH", "tcp://"},
                                                                             {"RING_SIZE", "100000"}}) {
    CAPTURE(bad.first);
    const auto config = finalized({}, {{"SCOUT_" + bad.first, bad.second}});
    CHECK(problem(config).find("SCOUT_" + bad.first + " is '" + bad.second + '\'') == 0);
    CHECK(problem(config).find("(default)") != std::string::npos);
  }
}

TEST_CASE("a core agent's triple that no agent of Scout's knows gives way to this machine's, with a warning") {
  for (const std::string bad : {"x86_64-unknown-linux", "x86_64", "riscv64-unknown-linux-musl", "x86_64-pc-windows-msvc", ""}) {
    CAPTURE(bad);
    const auto config = finalized({}, {{"SCOUT_CORE_AGENT_TRIPLE", bad}});
    CHECK(problem(config) == "SCOUT_CORE_AGENT_TRIPLE is '" + bad +
                                 "', not an architecture and a platform as in x86_64-unknown-linux-musl; using "
                                 "'x86_64-unknown-linux-musl' (derived)");
    CHECK(config.core_agent_full_name == "scout_apm_core-v1.5.1-x86_64-unknown-linux-musl");
  }
  for (const std::string good : {"x86_64-unknown-linux-gnu", "i686-unknown-linux-musl", "aarch64-apple-darwin", "unknown-unknown"}) {
    const auto config = finalized({.core_agent_triple = good});
    CHECK(config.core_agent_triple == good);
    CHECK(config.problems.empty());
  }
}

TEST_CASE("a rate out of range is clamped, with a warning") {
  auto config = finalized({.sample_rate = -1});
  CHECK(config.sample_rate == 0);
  CHECK(problem(config).find("using 0 (code)") != std::string::npos);
  config = finalized({.sample_jobs = Rates{{"a", 250}, {"b", 1.5}}});
  CHECK(config.sample_jobs == Rates{{"a", 1}, {"b", 0.015}});
  CHECK(config.problems.size() == 1);
}

TEST_CASE("an entry of a rate list that is none is left out with a warning, the others count") {
  for (const std::string text : {"keep:100,bad,drop:0", R"(["keep:100","bad:half","drop:0"])"}) {
    const auto config = finalized({}, {{"SCOUT_SAMPLE_ENDPOINTS", text}});
    CHECK(config.sample_endpoints == Rates{{"keep", 1}, {"drop", 0}});
    CHECK(problem(config) ==
          "SCOUT_SAMPLE_ENDPOINTS is '" + text + "', not a list of prefix:rate; using [keep:1,drop:0] (environment)");
  }
  const auto config = finalized({.sample_jobs = Rates{{"bad", std::numeric_limits<double>::quiet_NaN()}, {"drop", 0}}});
  CHECK(config.sample_jobs == Rates{{"drop", 0}});
  CHECK(problem(config).find("using [drop:0] (code)") != std::string::npos);
}

TEST_CASE("of a rate list without any usable entry nothing counts: the next layer's does") {
  const auto config = finalized({.sample_jobs = Rates{{"code", 0}}}, {{"SCOUT_SAMPLE_JOBS", "bad,worse:x"}});
  CHECK(config.sample_jobs == Rates{{"code", 0}});
  CHECK(problem(config).find("using [code:0] (code)") != std::string::npos);
}

TEST_CASE("an empty pattern never matches everything: it is left out") {
  const auto config = finalized({.ignore = Items{"/", " ", ""}, .sample_endpoints = Rates{{"/", 0}}});
  CHECK(config.ignore.empty());
  CHECK(config.sample_endpoints.empty());
}

TEST_CASE("an old name wins over the new one and says so") {
  const auto config = finalized({}, {{"SCOUT_SOCKET_PATH", "/old.sock"}, {"SCOUT_CORE_AGENT_SOCKET_PATH", "/new.sock"}});
  CHECK(config.core_agent_socket_path.path == "/old.sock");
  CHECK(problem(config) == "SCOUT_SOCKET_PATH is an old name: use SCOUT_CORE_AGENT_SOCKET_PATH");
}

TEST_CASE("an automatic address knows the socket of older core agents") {
  const auto config =
      finalized({.core_agent_dir = "/srv/core", .core_agent_socket_path = "auto", .core_agent_full_name = "agent"});
  CHECK(config.core_agent_socket_path.is_automatic);
  CHECK(config.core_agent_socket_path.older_path == "/srv/core/agent/scout-agent.sock");
}

TEST_CASE("an application's root is absolute, whichever layer it is from, so that file names can begin with it") {
  const std::pair<std::string, std::string> roots[] = {
      {".", "/srv/shop"},         {"./", "/srv/shop"}, {"src", "/srv/shop/src"},   {"./src//a/../b/", "/srv/shop/src/b"},
      {"../other", "/srv/other"}, {"../../..", "/"},   {"/opt/shop", "/opt/shop"}, {"", ""}};
  for (const auto& [given, root] : roots) {
    CHECK(finalized({.application_root = given}).application_root == root);
    CHECK(finalized({}, {{"SCOUT_APPLICATION_ROOT", given}}).application_root == root);
  }
}

TEST_CASE("a variable of no key is reported once") {
  const auto config = finalized({}, {{"SCOUT_MONITR", "true"}});
  CHECK(problem(config) == "SCOUT_MONITR belongs to no configuration key");
}

TEST_CASE("who monitors without a name or a key hears about it") {
  const auto config = finalized({.monitor = true});
  REQUIRE(config.problems.size() == 2);
  CHECK(config.problems[0].find("key is not set") == 0);
  CHECK(config.problems[1] == "name is not set: using the program's, 'shop'");
  CHECK(finalized({.key = "k", .name = "n", .monitor = true}).problems.empty());
  const auto nameless = finalized({.key = "k", .name = "", .monitor = true});
  CHECK(nameless.name == "shop");
  REQUIRE(nameless.problems.size() == 1);
  CHECK(nameless.problems[0] == "name is not set: using the program's, 'shop'");
}

TEST_CASE("an empty name is none, whichever layer gives it, and no problem of the key's; another text may be empty") {
  const auto config = finalized({.name = "n", .hostname = "code"}, {{"SCOUT_NAME", ""}, {"SCOUT_HOSTNAME", ""}});
  CHECK(config.name == "n");
  CHECK(config.origin("name") == Origin::code);
  CHECK(config.hostname == "");
  CHECK(config.problems.empty());
  for (const ConfigKey& key : config_keys) {
    std::string value = "before";
    if (key.type == KeyType::text) CHECK(detail::accept(key.type, std::string(), value) == detail::Fit::good);
    if (key.name == "name") CHECK(detail::accept(key.type, std::string(), value) == detail::Fit::none);
  }
}

TEST_CASE("the description names every key with its value and layer, but not the secret") {
  const auto lines = describe(finalized({.key = "abcdefghij", .sample_rate = 0.5}));
  CHECK(lines.size() == config_key_count);
  CHECK(std::find(lines.begin(), lines.end(), "sample_rate = 0.5 (code)") != lines.end());
  CHECK(std::find(lines.begin(), lines.end(), "key = *** (code)") != lines.end());
  for (const auto& line : lines) CHECK(line.find("abcdefghij") == std::string::npos);
}

TEST_CASE("the log callback is handed on") {
  int calls = 0;
  const auto config = finalized({.log_callback = [&](LogLevel, std::string_view, std::string_view) { ++calls; }});
  config.log_callback(LogLevel::info, "", "");
  CHECK(calls == 1);
}

TEST_SUITE_END();
