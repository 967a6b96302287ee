#ifndef SCOUT_TESTING_CULPRITS_HPP
#define SCOUT_TESTING_CULPRITS_HPP

// Looks for spans that an assertion forbids, and shows them in their tree.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "assertion_result.hpp"
#include "span_node.hpp"

namespace scout::inline v0::detail {

inline testing::AssertionResult nothing_recorded(std::string_view operation = {}) {
  return testing::AssertionResult(operation.empty() ? "nothing was recorded" : fmt::format("no span {} was recorded", operation));
}

template <class Predicate>
std::size_t count_if(const SpanNode& node, const Predicate& predicate) {
  std::size_t count = predicate(node) ? 1 : 0;
  for (const SpanNode& child : node.children) count += count_if(child, predicate);
  return count;
}

// `describe` gives the text of a culprit, or nothing.
template <class Describe>
testing::AssertionResult no_culprits(std::string_view headline, const SpanNode& tree, const Describe& describe) {
  Lines lines;
  append_tree(lines, tree, 0, Mark::found, describe);
  const bool clean = std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.mark == Mark::none; });
  return clean ? testing::AssertionResult() : testing::AssertionResult(fmt::format("{}:\n{}", headline, to_text(lines)));
}

// A predicate on spans as such a description.
template <class Predicate>
auto described_if(const Predicate& predicate) {
  return [predicate](const SpanNode& node) { return predicate(node) ? span_text(node) : std::string(); };
}

}  // namespace scout::inline v0::detail

#endif
