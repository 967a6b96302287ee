// The same source, compiled with SCOUT_DISABLE and without: with it the macros are nothing, arguments are checked and never
// evaluated, and neither fmt nor simdjson is needed.

#include <scout/agent.hpp>

#include <cstdio>

int main() {
  int evaluated = 0;
  const bool installed = scout::install({.name = "disabled", .monitor = true, .log_level = "off"});
  {
    SCOUT_BACKGROUND_TRANSACTION("work");
    SCOUT_INSTRUMENT("part");
    SCOUT_TAG("evaluated", ++evaluated);
  }
  std::printf("installed: %s, arguments evaluated: %d\n", installed ? "yes" : "no", evaluated);
#if defined(SCOUT_DISABLE)
  return !installed && evaluated == 0 ? 0 : 1;
#else
  return installed && evaluated == 1 ? 0 : 1;
#endif
}
