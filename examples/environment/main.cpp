// Nothing is configured here: the environment says it all, and wins over what a program sets.
//   SCOUT_MONITOR=true SCOUT_NAME=shop SCOUT_SAMPLE_RATE=0.5 environment
// describe() lists each setting with its value and where that comes from.

#include <scout/agent.hpp>

#include <cstdio>
#include <string>

int main() {
  if (!scout::install()) return 1;
  const std::string settings = scout::describe();
  std::fputs(settings.c_str(), stdout);
  return settings.find("name = 'shop' (environment)") != settings.npos &&
                 settings.find("sample_rate = 0.5 (environment)") != settings.npos
             ? 0
             : 1;
}
