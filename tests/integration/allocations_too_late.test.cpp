// A plugin that would count allocations comes too late: the program has an operator new already. PLUGIN is its path.
#include <scout/agent.hpp>
#include <scout/testing.hpp>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <string>

TEST_CASE("where allocations cannot be counted the log says so once, the description always, and no span has counts") {
  void* const plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(plugin != nullptr);
  std::string log;
  scout::Config config;
  config.log_callback = [&](scout::LogLevel level, std::string_view, std::string_view message) {
    if (level == scout::LogLevel::warning) log += message;
  };
  scout::testing::Recording recording(config);
  {
    scout::BackgroundTransaction job{"job"};
    const scout::ScopedSpan span{"work"};
  }
  const std::string problem = "allocations are not counted: another operator new comes first";
  CHECK(log.find(problem) != log.npos);
  CHECK(scout::describe().find("problem: " + problem) != std::string::npos);
  log.clear();
  scout::configure({.sample_rate = 1});
  CHECK(scout::describe().find("problem: " + problem) != std::string::npos);
  CHECK(log == "");
  CHECK(recording.traces().at(0).spans()[1].tags().empty());
}
