#include <scout/scout.hpp>

int work() {
  SCOUT_BACKGROUND_TRANSACTION("work");
  SCOUT_INSTRUMENT("part");
  return 42;
}
