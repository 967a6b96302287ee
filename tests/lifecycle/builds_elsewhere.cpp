#include "builds.hpp"

#include <scout/scout.hpp>

namespace {
void work() { SCOUT_INSTRUMENT_FUNCTION(); }
}  // namespace

void elsewhere() {
  SCOUT_INSTRUMENT("elsewhere");
  work();
}
