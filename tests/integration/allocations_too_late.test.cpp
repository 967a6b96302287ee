// A plugin that would count allocations comes too late: the program has an operator new already. PLUGIN is its path.
#include <scout/testing.hpp>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <string>

TEST_CASE("where allocations cannot be counted the log says so, and no span has counts") {
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
  CHECK(log.find("allocations are not counted: another operator new comes first") != log.npos);
  CHECK(recording.traces().at(0).spans()[1].tags().empty());
}
