#define SCOUT_DISABLE
#include <scout/scout.hpp>

#include "../support/suite.hpp"
#include "disabled.hpp"

double compiled_out_block(int calls) {
  return bench::block(calls, [] { SCOUT_INSTRUMENT("span"); });
}
