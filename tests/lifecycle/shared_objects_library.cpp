#include <scout/scout.hpp>

// Built twice: as a library and as a plugin.
extern "C" [[gnu::visibility("default")]] void SCOUT_TEST_ENTRY(void (*inner)()) {
  SCOUT_INSTRUMENT(SCOUT_TEST_NAME);
  SCOUT_TAG("object", SCOUT_TEST_NAME);
  inner();
}
