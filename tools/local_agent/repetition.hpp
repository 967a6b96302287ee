#ifndef SCOUT_TOOLS_LOCAL_AGENT_REPETITION_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_REPETITION_HPP

// N+1: siblings that do the same with other values, one query for every row of another. Statements are compared without
// their numbers and strings, so that "id = 7" and "id = 8" are the same.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "trace.hpp"

namespace scout::local_agent {

inline constexpr std::size_t n_plus_one_from = 5;

// A statement with '?' in place of numbers and of strings in single quotes, lists of '?' as one, white space as one blank.
// Double quotes stay: in SQL they hold names.
std::string normalised(std::string_view statement);

// Siblings with the same operation and the same normalised db.statement.
struct Repetition {
  std::vector<std::size_t> spans;  // positions in the trace, ascending
  std::string statement;           // normalised
  Duration total{0};

  std::size_t count() const { return spans.size(); }
};

// All groups of at least `from` siblings, in the order of their first span.
std::vector<Repetition> repetitions(const Trace& trace, std::size_t from = n_plus_one_from);

}  // namespace scout::local_agent

#endif
