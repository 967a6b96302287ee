#!/bin/sh
# Prints the version that include/scout/version.hpp states.
sed -n 's/^#define SCOUT_VERSION "\(.*\)"$/\1/p' "$(dirname "$0")/../include/scout/version.hpp"
