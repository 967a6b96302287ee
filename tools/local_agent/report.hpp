#ifndef SCOUT_TOOLS_LOCAL_AGENT_REPORT_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_REPORT_HPP

// The table of endpoints: how often, how slow, how many failed, where the time went. No line is wider than the terminal.

#include <string>

#include "store.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {

std::string endpoint_table(const Store& store, const Appearance& appearance);

}  // namespace scout::local_agent

#endif
