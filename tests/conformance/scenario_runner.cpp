// Performs a scenario against a core agent: scenario_runner SCENARIO.json ADDRESS. Exit status: 0 performed, 2 unusable
// arguments or a malformed scenario, 3 a step needs a third-party library; standard error says what.

#include <fmt/format.h>
#include <scout/agent.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "scenario_config.hpp"
#include "steps.hpp"

namespace {

constexpr int performed = 0, unusable = 2, needs_a_library = 3;

// Python writes numbers that JSON does not have; null takes the place of those that a recording of its agent contains.
std::string without_bare_words(std::string text) {
  constexpr std::string_view words[] = {"NaN", "-Infinity", "Infinity"};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\') ++i;
    if (quoted) continue;
    for (const std::string_view word : words) {
      if (text.compare(i, word.size(), word) == 0) text.replace(i, word.size(), "null");
    }
  }
  return text;
}

int run(const char* file, const std::string& address) {
  using namespace conformance;
  std::ifstream stream(file);
  if (!stream) throw Malformed(fmt::format("cannot read {}", file));
  const std::string text = without_bare_words({std::istreambuf_iterator<char>(stream), {}});
  simdjson::dom::parser parser;
  element scenario;
  if (const auto error = parser.parse(text).get(scenario); error != simdjson::SUCCESS)
    throw Malformed(fmt::format("{}: {}", file, simdjson::error_message(error)));
  const auto calls = get<array>(scenario, "calls");
  if (const std::string step = step_that_needs_a_library(calls); !step.empty()) {
    fmt::print(stderr, "{}\n", step);
    return needs_a_library;
  }

  set_environment(scenario);
  const scout::Config config = config_of(scenario, address);
  try {
    perform(calls, {config});
  } catch (const ScenarioError& error) {
    fmt::print(stderr, "the calls ended with an error: {}\n", error.what());
  }
  scout::shutdown();
  return performed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || *argv[2] == '\0') {
    fmt::print(stderr, "usage: scenario_runner SCENARIO.json ADDRESS\n");
    return unusable;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const conformance::Malformed& error) {
    fmt::print(stderr, "scenario_runner: {}\n", error.what());
    return unusable;
  }
}
