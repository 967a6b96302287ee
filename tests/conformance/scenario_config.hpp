#ifndef SCOUT_TESTS_CONFORMANCE_SCENARIO_CONFIG_HPP
#define SCOUT_TESTS_CONFORMANCE_SCENARIO_CONFIG_HPP

// The configuration of a run: what every scenario starts from, what this one sets in code, and its environment.

#include <scout/agent.hpp>

#include <string>

#include "malformed.hpp"

namespace conformance {

// The base, the scenario's "config" over it ("<unset>": the default), and the core agent at `address`.
scout::Config config_of(element scenario, const std::string& address);

// Only the scenario's own SCOUT_ variables remain.
void set_environment(element scenario);

}  // namespace conformance

#endif
