// scout: what an operator wants to know and do about the core agent, with the settings that a program would find in this
// environment.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include <scout/config/finalize.hpp>
#include <scout/version.hpp>
#include "../standard_output.hpp"
#include "agent.hpp"
#include "arguments.hpp"
#include "check.hpp"
#include "output.hpp"

namespace scout::command {
namespace {

int show_config(const FinalConfig& config, const Arguments& arguments) {
  std::size_t widest_key = 0, widest_value = 0;
  constexpr std::size_t widest = 60;  // longer values push their origin aside
  for_each_setting(config, [&](const ConfigKey& key, const std::string& value, Origin) {
    widest_key = std::max(widest_key, key.name.size());
    widest_value = std::max(widest_value, std::min(widest, value.size()));
  });
  for_each_setting(config, [&](const ConfigKey& key, const std::string& value, Origin origin) {
    if (arguments.json) {
      print_json({{"type", "setting"}, {"key", key.name}, {"value", value}, {"origin", origin_name(origin)}});
    } else {
      standard_output::print("{:{}}  {:{}}  {}\n", key.name, widest_key, value, widest_value, origin_name(origin));
    }
  });
  for (const auto& problem : config.problems) {
    if (arguments.json) {
      print_json({{"type", "problem"}, {"message", problem}});
    } else {
      standard_output::print("problem: {}\n", problem);
    }
  }
  return 0;
}

// What is wrong with the environment, where what follows would act on something else without a word.
void tell_problems(const FinalConfig& config) {
  for (const std::string& problem : config.problems) {
    if (problem.starts_with("SCOUT_")) standard_output::print(stderr, "scout: {}\n", problem);
  }
}

int run(const Arguments& arguments) {
  if (arguments.command == Command::help) return standard_output::print("{}", usage), 0;
  if (arguments.command == Command::version) return standard_output::print("scout {}\n", SCOUT_VERSION), 0;
  const FinalConfig config = finalize({});
  if (arguments.command == Command::config) return show_config(config, arguments);
  if (arguments.command != Command::check) tell_problems(config);
  if (arguments.command == Command::shutdown && config.has_problem("core_agent_socket_path")) {
    return fail({ErrorCode::invalid_argument, "which core agent is to end is not known"}, arguments.json);
  }
  const bool silent = arguments.json || arguments.command == Command::check;
  ProgressLine progress(!silent);
  const Logger logger(silent ? LogLevel::off : LogLevel::info, [&](LogLevel, std::string_view, std::string_view message) {
    progress.clear();
    standard_output::print(stderr, "scout: {}\n", message);
  });
  ::signal(SIGPIPE, SIG_IGN);  // a server that goes away is an error, and not the end
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CoreAgentManager manager(config, logger);
  return arguments.command == Command::check ? run_check(manager, arguments) : run_agent_command(manager, arguments, progress);
}

}  // namespace
}  // namespace scout::command

int main(int argc, char** argv) {
  using namespace scout::command;
  scout::standard_output::hold_descriptors();
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) return fail(arguments.error(), false), 2;
  return scout::standard_output::finish("scout", run(*arguments));
}
