#ifndef SCOUT_SCOUT_HPP
#define SCOUT_SCOUT_HPP

// The door for every source file: macros, spans, transactions, context. Cheap to include; nothing is recorded until
// scout/agent.hpp's install() was called once in the program.

#include "instrument/macros.hpp"
#include "version.hpp"

#endif
