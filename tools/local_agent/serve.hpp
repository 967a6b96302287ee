#ifndef SCOUT_TOOLS_LOCAL_AGENT_SERVE_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_SERVE_HPP

// The program's loops around the server: one shows what arrives in a terminal, the other prints lines. They own the signals.

#include "arguments.hpp"

namespace scout::local_agent {

// Listens and serves until a signal or a client ends it; the program's exit status, if its output could be written.
int serve(const Arguments& arguments);

// Says what went wrong; the exit status for it.
int fail(const Error& error);

}  // namespace scout::local_agent

#endif
