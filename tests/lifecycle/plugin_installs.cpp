// A plugin that brings the agent to a program that knows nothing of it.

#include "../support/agent.hpp"

extern "C" [[gnu::visibility("default")]] bool plugin_work() {
  const bool installed = scout::install();
  for (int i = 0; i < 100; ++i) {
    SCOUT_BACKGROUND_TRANSACTION("plugin");
    SCOUT_INSTRUMENT("work");
  }
  return installed;
}
