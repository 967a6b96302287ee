#ifndef SCOUT_TOOLS_SCOUT_CHECK_HPP
#define SCOUT_TOOLS_SCOUT_CHECK_HPP

// `scout check`: from the settings to the answer to Register, each link of the chain by itself.

#include <scout/core_agent/manager/core_agent_manager.hpp>
#include "arguments.hpp"

namespace scout::command {

// The exit status: 0 when nothing is wrong.
int run_check(CoreAgentManager& manager, const Arguments& arguments);

}  // namespace scout::command

#endif
