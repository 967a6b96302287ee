// A macro takes a literal where it takes a name; SCOUT_TEST_MACRO(name) is one of the macros.
#include <scout/scout.hpp>

void page([[maybe_unused]] const char* name) {
#if defined(SCOUT_EXPECT_ERROR)
  SCOUT_TEST_MACRO(name);
#else
  SCOUT_TEST_MACRO("literal");
#endif
}
