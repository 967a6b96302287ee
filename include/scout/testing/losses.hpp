#ifndef SCOUT_TESTING_LOSSES_HPP
#define SCOUT_TESTING_LOSSES_HPP

// Nothing that the code under test started was lost. What was lost on purpose is stated with ExpectedSpan::dropped_spans()
// and Recording::stats().

#include <string>
#include <utility>

#include "assertion_result.hpp"
#include "span_node.hpp"

namespace scout::inline v0::detail {

inline std::string losses_text(const char* what, const Drops& dropped) {
  return dropped.total() == 0 ? std::string() : fmt::format("{} {} lost ({})", dropped.total(), what, reasons_text(dropped));
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

inline AssertionResult no_lost_spans(const RecordedTrace& trace) {
  if (trace.dropped_spans() == 0) return {};
  return AssertionResult(fmt::format("{} lost {} spans", trace.operation(), trace.dropped_spans()));
}

// Also of transactions that have not finished, or were lost as a whole.
inline AssertionResult no_lost_spans(Recording& recording) {
  const Stats stats = recording.stats();
  if (stats.transactions.started == 0) return AssertionResult("nothing was recorded");
  std::string failure;
  const auto add = [&](const std::string& line) {
    if (!line.empty()) failure.append(failure.empty() ? "" : "\n").append(line);
  };
  add(detail::losses_text("transactions", stats.transactions.dropped));
  add(detail::losses_text("spans", stats.spans.dropped));
  for (const RecordedTrace& trace : recording.traces()) add(no_lost_spans(trace).message());
  return failure.empty() ? AssertionResult() : AssertionResult(std::move(failure));
}

}  // namespace scout::inline v0::testing

#endif
