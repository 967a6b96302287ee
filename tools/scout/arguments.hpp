#ifndef SCOUT_TOOLS_SCOUT_ARGUMENTS_HPP
#define SCOUT_TOOLS_SCOUT_ARGUMENTS_HPP

// The command line of `scout`.

#include <chrono>
#include <string_view>

#include <scout/core/expected.hpp>

namespace scout::command {

inline constexpr std::string_view usage = R"(scout: looks after Scout's core agent, by the environment that the program would have

  scout agent download    fetches and verifies the core agent's binary, unless it is there
  scout agent launch      finds a core agent that runs, or launches one; downloads it first if core_agent_download is on
  scout agent probe       asks the core agent for its version
  scout agent shutdown    asks the core agent to end
  scout agent path        where the verified binary is
  scout check             walks the whole chain from the settings to the answer to Register; a line each: what is wrong, what to do
  scout config            every setting, its value and where that comes from

  --json             a JSON object a line
  --timeout SECONDS  with a server that does not connect or send; default 10
  --version, --help

Exit status: 0 done, or nothing wrong; 1 not done, or something is wrong; 2 wrong arguments.
)";

enum class Command { download, launch, probe, shutdown, path, check, config, help, version };

struct Arguments {
  Command command = Command::help;
  bool json = false;
  std::chrono::seconds timeout{10};
};

// The error's message says what cannot be used.
Expected<Arguments> parse_arguments(int argc, char** argv);

}  // namespace scout::command

#endif
