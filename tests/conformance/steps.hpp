#ifndef SCOUT_TESTS_CONFORMANCE_STEPS_HPP
#define SCOUT_TESTS_CONFORMANCE_STEPS_HPP

// The steps of a scenario, performed through scout's public doors on the calling thread.

#include <scout/agent.hpp>

#include <string>

#include "malformed.hpp"

namespace conformance {

// What a `throw` step throws.
struct ScenarioError : std::runtime_error {
  using runtime_error::runtime_error;
};

// The first step, at any depth, that needs a library; empty: none. Throws Malformed for a step that nobody knows.
std::string step_that_needs_a_library(array steps);

struct Run {
  const scout::Config& config;  // for `install`
};
void perform_step(element step, const Run& run);
void perform(array steps, const Run& run);

}  // namespace conformance

#endif
