#include "object.hpp"

#include <scout/scout.hpp>

void spans_in_object(int count) {
  for (int i = 0; i < count; ++i) {
    { SCOUT_INSTRUMENT("span"); }
    asm volatile("" ::: "memory");
  }
}
