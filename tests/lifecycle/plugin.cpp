// Built in several ways: with this version or the next major one, with the macros compiled out.

#if defined(SCOUT_TEST_OTHER_MAJOR)
#  include "other_major.hpp"
#else
#  include <scout/scout.hpp>
#endif

extern "C" [[gnu::visibility("default")]] bool plugin_work(void (*inner)()) {
  SCOUT_INSTRUMENT("plugin's macro");
  scout::ScopedSpan span{"plugin's object"};
  inner();
  return scout::is_recording();
}
