#include "scout/config/layers.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace scout;

TEST_SUITE_BEGIN("config/layers");

TEST_CASE("a key's variable is SCOUT_ and its name in capitals") {
  CHECK(environment_name("sample_rate") == "SCOUT_SAMPLE_RATE");
}

TEST_CASE("the process's environment is read once, and only what concerns the agent") {
  setenv("SCOUT_NAME", "before", 1);
  setenv("SCOUTING", "no", 1);
  const auto environment = Environment::of_this_process();
  setenv("SCOUT_NAME", "after", 1);
  CHECK(environment.find("SCOUT_NAME") == "before");
  CHECK(!environment.find("SCOUTING"));
  CHECK(!environment.find("PATH"));
  unsetenv("SCOUT_NAME");
}

TEST_CASE("a variable that belongs to no key is known as such, an alias is not one") {
  const Environment environment(
      {{"SCOUT_NAME", "a"}, {"SCOUT_SOCKET_PATH", "b"}, {"SCOUT_NAMES", "c"}, {"HEROKU_SLUG_COMMIT", "d"}});
  CHECK(environment.unknown() == std::vector<std::string>{"SCOUT_NAMES"});
}

TEST_CASE("the derived layer knows this process") {
  const auto own = ProcessFacts::of_this_process();
  CHECK(!own.program.empty());
  CHECK(!own.hostname.empty());
  CHECK(own.working_directory.front() == '/');
  CHECK(own.core_agent_triple.find("-unknown-linux-musl") != std::string::npos);
}

TEST_SUITE_END();
