#ifndef SCOUT_TOOLS_SCOUT_AGENT_HPP
#define SCOUT_TOOLS_SCOUT_AGENT_HPP

// `scout agent …`: the steps of the library's CoreAgentManager, one by one.

#include <scout/core_agent/manager/core_agent_manager.hpp>
#include "arguments.hpp"
#include "output.hpp"

namespace scout::command {

// The exit status.
int run_agent_command(CoreAgentManager& manager, const Arguments& arguments, ProgressLine& progress);

}  // namespace scout::command

#endif
