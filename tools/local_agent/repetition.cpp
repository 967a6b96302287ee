#include "repetition.hpp"

#include <scout/core/statement.hpp>

#include <algorithm>
#include <unordered_map>

namespace scout::local_agent {

std::string normalised(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  scout::detail::fold_statement(text.data(), text.size(), [&](const char* piece, std::size_t size) { out.append(piece, size); });
  return out;
}

std::vector<Repetition> repetitions(const Trace& trace, std::size_t from) {
  // Most requests have no candidates; they are told apart without looking at a statement.
  const auto with_statement = [](const Span& span) { return find_tag(span.tags, "db.statement") != nullptr; };
  if (trace.spans.size() <= from ||
      std::count_if(trace.spans.begin(), trace.spans.end(), with_statement) < static_cast<std::ptrdiff_t>(from)) {
    return {};
  }
  std::vector<Repetition> groups;
  std::unordered_map<std::string, std::size_t> group_of;  // parent's position, operation, statement
  std::vector<std::size_t> path;
  for (std::size_t i = 0; i < trace.spans.size(); ++i) {
    const Span& span = trace.spans[i];
    path.resize(span.depth);
    if (const std::string* statement = find_tag(span.tags, "db.statement"); statement && !statement->empty()) {
      std::string folded = normalised(*statement);
      const std::string key =
          std::to_string(path.empty() ? trace.spans.size() : path.back()) + '\0' + span.operation + '\0' + folded;
      const auto [position, is_new] = group_of.try_emplace(key, groups.size());
      if (is_new) groups.push_back({{}, std::move(folded), Duration{0}});
      Repetition& group = groups[position->second];
      group.spans.push_back(i);
      group.total += span.duration();
    }
    path.push_back(i);
  }
  std::erase_if(groups, [&](const Repetition& group) { return group.count() < from; });
  return groups;
}

}  // namespace scout::local_agent
