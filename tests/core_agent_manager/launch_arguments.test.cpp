#include <doctest/doctest.h>
#include <scout/config/finalize.hpp>
#include <scout/core_agent/manager/launch.hpp>

#include <string>

using namespace scout;

TEST_SUITE_BEGIN("core_agent/manager/launch");

namespace {

std::string arguments(const Config& config) {
  std::string text;
  for (const auto& argument : launch_arguments("core-agent", finalize(config, Environment(), ProcessFacts()))) {
    text += (text.empty() ? "" : " ") + argument;
  }
  return text;
}

}  // namespace

TEST_CASE("a core agent is launched with the documented flags, on TCP unless a path is configured") {
  const std::string start = "core-agent start --daemonize true --log-level info ";
  CHECK(arguments({}) == start + "--tcp 127.0.0.1:6590");
  CHECK(arguments({.core_agent_socket_path = "auto"}) == start + "--tcp 127.0.0.1:6590");
  CHECK(arguments({.core_agent_socket_path = "tcp://[::1]:7000"}) == start + "--tcp [::1]:7000");
  CHECK(arguments({.core_agent_socket_path = "tcp://localhost"}) == start + "--tcp localhost:6590");
  CHECK(arguments({.core_agent_socket_path = "unix:///run/a.sock"}) == start + "--socket /run/a.sock");
  CHECK(arguments({.core_agent_log_file = "/l", .core_agent_log_level = "trace", .core_agent_socket_path = "/a b"}) ==
        "core-agent start --daemonize true --log-level trace --log-file /l --socket /a b");
  CHECK(arguments({.core_agent_config_file = "/c"}) == start + "--config-file /c --tcp 127.0.0.1:6590");
}

TEST_CASE("the key is in no argument") {
  CHECK(arguments({.key = "Secret0123456789abcd", .core_agent_log_file = "/l"}).find("Secret") == std::string::npos);
}

TEST_CASE("what is launched listens on this machine") {
  const auto here = [](const char* text) { return is_on_this_machine(*parse_address(text)); };
  CHECK(here("unix:/run/a.sock"));
  CHECK(here("tcp://127.0.0.1"));
  CHECK(here("tcp://127.9.9.9:1"));
  CHECK(here("auto"));
  CHECK_FALSE(here("tcp://192.0.2.1"));
  CHECK_FALSE(here("tcp://[2001:db8::1]"));
}

TEST_SUITE_END();
