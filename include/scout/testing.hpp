#ifndef SCOUT_TESTING_HPP
#define SCOUT_TESTING_HPP

// The door for tests: a Recording keeps what the code under test records, a ManualClock makes its times exact.

#include "scout.hpp"
#include "testing/manual_clock.hpp"
#include "testing/recording.hpp"

#endif
