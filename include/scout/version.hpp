#ifndef SCOUT_VERSION_HPP
#define SCOUT_VERSION_HPP

// The one spelling of the version; the build files read it from here.

// Of these headers.
#define SCOUT_VERSION_MAJOR 0
#define SCOUT_VERSION_MINOR 1
#define SCOUT_VERSION_PATCH 0
#define SCOUT_VERSION "0.1.0"

#endif
