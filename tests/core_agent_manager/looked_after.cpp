// All that makes a program look after its core agent, in whichever of its files.
#include <scout/core_agent/manager.hpp>
