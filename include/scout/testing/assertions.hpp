#ifndef SCOUT_TESTING_ASSERTIONS_HPP
#define SCOUT_TESTING_ASSERTIONS_HPP

// Assertions on recorded traces, for the macros of any test framework: CHECK(matches(recording, web("users/show"))). Each
// takes a Recording or traces of it, and gives an AssertionResult whose message shows the tree with what is wrong marked.

#include "budgets.hpp"
#include "golden_file.hpp"
#include "losses.hpp"
#include "matches.hpp"
#include "secrets.hpp"

#endif
