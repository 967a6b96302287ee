// The part of the program that is compiled with SCOUT_DISABLE: its macros are nothing, its spans are spans.
#include <scout/agent.hpp>
#include <scout/scout.hpp>

#include "parts.hpp"

Sizes sizes_in_disabled_part() { return sizes(); }

bool install_in_disabled_part() { return scout::install({.monitor = true}); }
void shutdown_in_disabled_part() { scout::shutdown(); }

void work_in_disabled_part() {
  SCOUT_INSTRUMENT("macro of the disabled part");
  SCOUT_TAG("disabled part", true);
  const scout::ScopedSpan span("span of the disabled part");
  shared_work();
}
