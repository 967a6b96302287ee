#ifndef SCOUT_TOOLS_LOCAL_AGENT_WATERFALL_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_WATERFALL_HPP

// One trace as a waterfall: a tree of spans, each with a bar at its place in time. Siblings that repeat one statement are
// one line marked "×N". A slow span with a stack says where it was, and all of its stack stands at the end. No line is wider
// than the terminal.

#include <string>

#include "terminal_text.hpp"
#include "trace.hpp"

namespace scout::local_agent {

std::string waterfall(const Trace& trace, const Appearance& appearance);

}  // namespace scout::local_agent

#endif
