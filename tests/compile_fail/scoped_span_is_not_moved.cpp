#include <scout/scout.hpp>

void page() {
  scout::ScopedSpan span("work");
#if defined(SCOUT_EXPECT_ERROR)
  scout::ScopedSpan moved(static_cast<scout::ScopedSpan&&>(span));
#endif
}
