// Functions whose instructions hot_path.py counts.
#include <scout/scout.hpp>

#include "../../benchmarks/hot_path/floor.hpp"

extern "C" {
void nothing(FloorRing&) {}
void floor_of_a_span(FloorRing& ring) { floor_span(ring); }
void span() {
  SCOUT_INSTRUMENT("span");
  asm volatile("" ::: "memory");
}
}
