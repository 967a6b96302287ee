#ifndef SCOUT_TESTS_INSTRUCTIONS_BODIES_HPP
#define SCOUT_TESTS_INSTRUCTIONS_BODIES_HPP

// Functions whose instructions are counted, always compiled with -O2: nothing but what their names say.

#include "../../benchmarks/hot_path/floor.hpp"

extern "C" {
void count_nothing(FloorRing& ring);
void count_floor(FloorRing& ring);
void count_span(FloorRing& ring);
void count_span_with_tag(FloorRing& ring);
}

#endif
