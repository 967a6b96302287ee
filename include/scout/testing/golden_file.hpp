#ifndef SCOUT_TESTING_GOLDEN_FILE_HPP
#define SCOUT_TESTING_GOLDEN_FILE_HPP

// Traces as a file that is kept with the tests: a tree of operations with their tags and, where wanted, their times; no ids,
// and nothing that differs from run to run. With SCOUT_UPDATE_GOLDEN=1 in the environment such files are written anew.

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assertion_result.hpp"
#include "span_node.hpp"

namespace scout::inline v0::testing {

// What a golden file holds beside names and tags.
struct GoldenOptions {
  bool times = false;                          // with a ManualClock
  std::vector<std::string> without_tags = {};  // beside those that are measured (detail::is_measured)
};

}  // namespace scout::inline v0::testing

namespace scout::inline v0::detail {

inline void append_golden(std::string& out, const SpanNode& node, std::size_t depth, const testing::GoldenOptions& options) {
  out.append(2 * depth, ' ').append(operation_text(node.span->operation()));
  if (options.times) {
    out += fmt::format("  starts at {}  lasts {}", duration_text(node.starts_at()), duration_text(node.span->duration()));
  }
  for (const RecordedTag& tag : node.tags()) {
    const auto& without = options.without_tags;
    if (is_measured(tag.key()) || std::find(without.begin(), without.end(), tag.key()) != without.end()) continue;
    out.append("  ").append(operation_text(tag.key())).append("=").append(tag.json());
  }
  out += '\n';
  for (const SpanNode& child : node.children) append_golden(out, child, depth + 1, options);
}

// The lines of two texts, with what differs marked: a longest common subsequence.
inline Lines line_difference(std::string_view golden, std::string_view recorded) {
  const auto lines_of = [](std::string_view text) {
    Lines lines;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
      lines.push_back({Mark::none, indent / 2, std::string(line.substr(indent))});
    }
    return lines;
  };
  Lines before = lines_of(golden), after = lines_of(recorded), merged;
  std::vector<std::vector<std::size_t>> common(before.size() + 1, std::vector<std::size_t>(after.size() + 1));
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t k = after.size(); k-- > 0;) {
      common[i][k] = before[i] == after[k] ? common[i + 1][k + 1] + 1 : std::max(common[i + 1][k], common[i][k + 1]);
    }
  }
  for (std::size_t i = 0, k = 0; i < before.size() || k < after.size();) {
    if (i < before.size() && k < after.size() && before[i] == after[k]) {
      merged.push_back(std::move(before[i++]));
      ++k;
    } else if (k == after.size() || (i < before.size() && common[i + 1][k] >= common[i][k + 1])) {
      merged.push_back(std::move(before[i++]));
      merged.back().mark = Mark::expected;
    } else {
      merged.push_back(std::move(after[k++]));
      merged.back().mark = Mark::recorded;
    }
  }
  return merged;
}

// False: errno says why.
inline bool read_golden(std::istream& file, std::string& text) {
  char piece[4096];
  while (file.read(piece, sizeof piece) || file.gcount() > 0) text.append(piece, static_cast<std::size_t>(file.gcount()));
  return !file.bad();
}

inline bool write_golden(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file.good();
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

// The text of a golden file.
inline std::string golden_text(const Subject& subject, const GoldenOptions& options = {}) {
  std::string text;
  for (const std::vector<detail::SpanNode> forest = detail::forest(subject); const detail::SpanNode& root : forest) {
    detail::append_golden(text, root, 0, options);
  }
  return text;
}

// What was recorded is what the file says. A file that does not exist is written, and the assertion fails once.
inline AssertionResult matches_golden(const Subject& subject, const std::string& path, const GoldenOptions& options = {}) {
  if (!subject.installed()) return detail::not_installed();
  const std::string recorded = golden_text(subject, options);
  const char* const update = std::getenv("SCOUT_UPDATE_GOLDEN");
  std::ifstream file(path, std::ios::binary);
  const bool updating = update != nullptr && std::string_view(update) == "1";
  if (updating || !file.is_open()) {
    if (!detail::write_golden(path, recorded)) return AssertionResult("cannot write the golden file " + path);
    return updating ? AssertionResult()
                    : AssertionResult("there was no golden file " + path + ": wrote it, look at it and run again");
  }
  std::string golden;
  if (!detail::read_golden(file, golden)) {
    return AssertionResult(fmt::format("cannot read the golden file {}: {}", path, std::strerror(errno)));
  }
  if (golden == recorded) return {};
  return AssertionResult(
      fmt::format("what was recorded is not what {} says (- expected, + recorded; SCOUT_UPDATE_GOLDEN=1 accepts it):\n{}", path,
                  detail::to_text(detail::line_difference(golden, recorded))));
}

}  // namespace scout::inline v0::testing

#endif
