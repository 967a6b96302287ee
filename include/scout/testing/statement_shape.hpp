#ifndef SCOUT_TESTING_STATEMENT_SHAPE_HPP
#define SCOUT_TESTING_STATEMENT_SHAPE_HPP

// Which spans run the same statement: SQL without its literals, "SELECT * FROM t WHERE id IN (?)" for any numbers.

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "../core/statement.hpp"
#include "span_node.hpp"

namespace scout::inline v0::detail {

inline std::string statement_shape(std::string_view sql) {
  std::string shape;
  fold_statement(sql.data(), sql.size(), [&](const char* piece, std::size_t size) { shape.append(piece, size); });
  return shape;
}

struct Statement {
  std::string operation, shape;  // an empty shape: the span runs none
  friend bool operator==(const Statement&, const Statement&) = default;
  friend bool operator<(const Statement& left, const Statement& right) {
    return std::tie(left.operation, left.shape) < std::tie(right.operation, right.shape);
  }
};

inline Statement statement_of(const SpanNode& node) {
  return {node.span->operation(), statement_shape(json_characters(node.tag("db.statement")))};
}

inline void count_statements(const SpanNode& node, std::map<Statement, std::size_t>& counts) {
  if (Statement statement = statement_of(node); !statement.shape.empty()) ++counts[std::move(statement)];
  for (const SpanNode& child : node.children) count_statements(child, counts);
}

// With how often it ran; 0: there is none.
inline std::pair<Statement, std::size_t> most_frequent_statement(const SpanNode& root) {
  std::map<Statement, std::size_t> counts;
  count_statements(root, counts);
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& left, const auto& right) { return left.second < right.second; });
  if (most == counts.end()) return {};
  return *most;
}

}  // namespace scout::inline v0::detail

#endif
