// A scope that a later label would jump into needs braces.
#include <scout/scout.hpp>

int page(int kind) {
  switch (kind) {
#if defined(SCOUT_EXPECT_ERROR)
    case 1: SCOUT_INSTRUMENT("one"); return 1;
#else
    case 1: {
      SCOUT_INSTRUMENT("one");
      return 1;
    }
#endif
    default: return 0;
  }
}
