#ifndef SCOUT_CORE_FORMAT_HPP
#define SCOUT_CORE_FORMAT_HPP

// fmt::format() from fmt's library. Before fmt 11, <fmt/format.h> has every program compile the formatting once more, a fifth of
// an agent's code; since then <fmt/core.h> has no format().

#include <fmt/core.h>

#if FMT_VERSION >= 110000
#  include <fmt/format.h>
#endif

#endif
