#ifndef SCOUT_CORE_FORMAT_HPP
#define SCOUT_CORE_FORMAT_HPP

// fmt::format() from fmt's library. Before fmt 10, <fmt/format.h> has every program compile the formatting once more, a fifth of
// an agent's code; <fmt/core.h> has format() until fmt 11.

#include <fmt/core.h>

#if FMT_VERSION >= 110000
#  include <fmt/format.h>
#endif

#endif
