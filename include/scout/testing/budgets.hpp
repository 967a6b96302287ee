#ifndef SCOUT_TESTING_BUDGETS_HPP
#define SCOUT_TESTING_BUDGETS_HPP

// How much a piece of code may do, stated on what it recorded. Each fails, too, when what it speaks of was not recorded at
// all. Operations may end in '*': "SQL/*".

#include <cstddef>
#include <string_view>
#include <vector>

#include "assertion_result.hpp"
#include "culprits.hpp"
#include "span_node.hpp"
#include "statement_shape.hpp"

namespace scout::inline v0::detail {

inline auto is_called(std::string_view operation) {
  return [operation](const SpanNode& node) { return is_operation(operation, node.span->operation()); };
}

// The topmost spans that are called so.
inline void find_topmost(const std::vector<SpanNode>& nodes, std::string_view operation, std::vector<const SpanNode*>& found) {
  for (const SpanNode& node : nodes) {
    if (is_called(operation)(node)) {
      found.push_back(&node);
    } else {
      find_topmost(node.children, operation, found);
    }
  }
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

// Where a budget holds: in each topmost span of that operation, in each transaction as a whole where none is named.
struct BudgetScope {
  std::string_view under = "*";  // an operation or a pattern
};

// At most `limit` spans of that operation, or pattern ("SQL/*"), wherever the budget holds. Fails when nothing was
// recorded.
inline AssertionResult at_most(const Subject& subject, std::size_t limit, std::string_view operation, BudgetScope scope = {}) {
  const std::vector<detail::SpanNode> forest = detail::forest(subject);
  std::vector<const detail::SpanNode*> tops;
  detail::find_topmost(forest, scope.under, tops);
  if (tops.empty()) return scope.under == "*" ? detail::nothing_recorded() : detail::nothing_recorded(scope.under);
  for (const detail::SpanNode* top : tops) {
    const std::size_t count = detail::count_if(*top, detail::is_called(operation));
    if (count <= limit) continue;
    return detail::no_culprits(
        fmt::format("{} × {} under {}, at most {} allowed", count, operation, top->span->operation(), limit), *top,
        detail::described_if(detail::is_called(operation)));
  }
  return {};
}

// No transaction runs one statement (the tag db.statement, whatever its literals) `threshold` times or more.
inline AssertionResult no_n_plus_one(const Subject& subject, std::size_t threshold = 5) {
  const std::vector<detail::SpanNode> forest = detail::forest(subject);
  if (forest.empty()) return detail::nothing_recorded();
  for (const detail::SpanNode& root : forest) {
    const auto [statement, count] = detail::most_frequent_statement(root);
    if (count < threshold) continue;
    const auto describe = [&most = statement](const detail::SpanNode& node) {
      return detail::statement_of(node) == most ? most.operation + "  " + most.shape : std::string();
    };
    return detail::no_culprits(fmt::format("N+1: {} ran the same statement {} times in {}, {} times are too many",
                                           statement.operation, count, root.span->operation(), threshold),
                               root, describe);
  }
  return {};
}

// No request and no span failed: none has the tag error. Where it is known says where the exception was thrown.
inline AssertionResult no_errors(const Subject& subject) {
  const auto describe = [](const detail::SpanNode& node) {
    if (node.tag("error") != "\"true\"") return std::string();
    const std::string frame = detail::innermost_frame(node, "error_stack");
    return detail::span_text(node) + (frame.empty() ? "" : "  thrown in " + frame);
  };
  const std::vector<detail::SpanNode> forest = detail::forest(subject);
  for (const detail::SpanNode& root : forest) {
    if (const AssertionResult result = detail::no_culprits(fmt::format("errors in {}", root.span->operation()), root, describe); !result)
      return result;
  }
  return forest.empty() ? detail::nothing_recorded() : AssertionResult();
}

// Every such span has the tag allocations, and it is 0.
inline AssertionResult no_allocations_in(const Subject& subject, std::string_view operation) {
  const auto is_meant = detail::is_called(operation);
  const auto is_uncounted = [&](const detail::SpanNode& node) { return is_meant(node) && node.tag("allocations").empty(); };
  const auto allocates = [&](const detail::SpanNode& node) { return is_meant(node) && node.tag("allocations") != "0"; };
  std::size_t found = 0;
  for (const std::vector<detail::SpanNode> forest = detail::forest(subject); const detail::SpanNode& root : forest) {
    found += detail::count_if(root, is_meant);
    const bool counted = detail::count_if(root, is_uncounted) == 0;
    const AssertionResult result =
        counted ? detail::no_culprits(fmt::format("allocations in {}", operation), root, detail::described_if(allocates))
                : detail::no_culprits(fmt::format("allocations in {} were not counted: the tag allocations is absent", operation),
                                      root, detail::described_if(is_uncounted));
    if (!result) return result;
  }
  return found != 0 ? AssertionResult() : detail::nothing_recorded(operation);
}

}  // namespace scout::inline v0::testing

#endif
