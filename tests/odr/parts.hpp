#ifndef SCOUT_TESTS_ODR_PARTS_HPP
#define SCOUT_TESTS_ODR_PARTS_HPP

// What both parts of the program see.

#include <scout/agent.hpp>
#include <scout/scout.hpp>

#include <array>
#include <cstddef>

using Sizes = std::array<std::size_t, 7>;
static Sizes sizes() {  // static: each part has its own
  return {sizeof(scout::ScopedSpan),     sizeof(scout::Span),   sizeof(scout::WebTransaction), sizeof(scout::TraceContext),
          sizeof(scout::detail::Record), sizeof(scout::Config), sizeof(scout::Stats)};
}

// An inline function that both parts emit: without macros of ours, so it is the same in both.
inline void shared_work() { const scout::ScopedSpan span("shared"); }

Sizes sizes_in_disabled_part();
bool install_in_disabled_part();
void shutdown_in_disabled_part();
void work_in_disabled_part();

#endif
