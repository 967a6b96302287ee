#include <scout/scout.hpp>

void page() {
#if defined(SCOUT_EXPECT_ERROR)
  scout::WebTransaction page(42);
#else
  scout::WebTransaction page("42");
#endif
}
