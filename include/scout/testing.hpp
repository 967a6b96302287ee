#ifndef SCOUT_TESTING_HPP
#define SCOUT_TESTING_HPP

// The door for tests: a Recording keeps what the code under test records, a ManualClock makes its times exact, and
// assertions state what it must and must not contain.

#include "scout.hpp"
#include "testing/assertions.hpp"
#include "testing/manual_clock.hpp"
#include "testing/recording.hpp"

#endif
