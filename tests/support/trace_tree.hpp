#ifndef SCOUT_TESTS_SUPPORT_TRACE_TREE_HPP
#define SCOUT_TESTS_SUPPORT_TRACE_TREE_HPP

// A recorded trace's spans as one line: "Controller/a{Custom/b{SQL/Query}Custom/c}", siblings in their order.

#include <scout/testing.hpp>

#include <string>

inline std::string span_tree(const scout::testing::RecordedTrace& trace, scout::SpanId parent = {}) {
  std::string text;
  for (const auto& span : trace.spans()) {
    if (span.parent() != parent) continue;
    const std::string below = span_tree(trace, span.id());
    text += span.operation() + (below.empty() ? "" : "{" + below + "}") + (parent ? " " : "");
  }
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

#endif
