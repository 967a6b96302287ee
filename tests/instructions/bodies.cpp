#include "bodies.hpp"

#include <scout/scout.hpp>

void count_nothing(FloorRing&) { asm volatile("" ::: "memory"); }

void count_floor(FloorRing& ring) { floor_span(ring); }

void count_span(FloorRing&) {
  SCOUT_INSTRUMENT("span");
  asm volatile("" ::: "memory");
}

void count_span_with_tag(FloorRing&) {
  SCOUT_INSTRUMENT("span");
  SCOUT_TAG("rows", 17);
  asm volatile("" ::: "memory");
}
