#include <scout/scout.hpp>

void page() {
  scout::Span span("work");
#if defined(SCOUT_EXPECT_ERROR)
  scout::Span copy(span);
#else
  scout::Span moved(static_cast<scout::Span&&>(span));
#endif
}
