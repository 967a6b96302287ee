#ifndef SCOUT_TESTING_TREE_TEXT_HPP
#define SCOUT_TESTING_TREE_TEXT_HPP

// A tree as indented lines of which some are marked, as failures print it: equal neighbours become one line, what lies far
// from any mark is left out, and so is what nobody would read to its end.

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace scout::inline v0::detail {

enum class Mark : char { none = ' ', expected = '-', recorded = '+', found = '>' };

struct Line {
  Mark mark;
  std::size_t depth;
  std::string text;

  friend bool operator==(const Line&, const Line&) = default;
};

using Lines = std::vector<Line>;

inline void append_line(std::string& out, const Line& line) {
  out += fmt::format("{} {:{}}{}\n", static_cast<char>(line.mark), "", 2 * line.depth, line.text);
}

// Which lines are marked, near a mark, or above one.
inline std::vector<bool> worth_showing(const Lines& lines) {
  constexpr std::size_t context = 2;
  std::vector<bool> shown(lines.size());
  std::size_t open = 0;  // going backwards: the depth above which lines are ancestors of what is shown
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (lines[i].mark != Mark::none) {
      const std::size_t first = i < context ? 0 : i - context;
      std::fill(shown.begin() + static_cast<std::ptrdiff_t>(first),
                shown.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), i + context + 1)), true);
    }
    if (shown[i] || lines[i].depth < open) {
      shown[i] = true;
      open = lines[i].depth;
    }
  }
  return shown;
}

inline std::string to_text(const Lines& lines) {
  Lines merged;
  std::vector<std::size_t> counts;
  for (const Line& line : lines) {
    if (merged.empty() || line != merged.back()) {
      merged.push_back(line);
      counts.push_back(0);
    }
    ++counts.back();
  }
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (counts[i] > 1) merged[i].text += fmt::format("  ×{}", counts[i]);
  }

  constexpr std::size_t not_worth_an_ellipsis = 2, most_lines = 100;
  const std::vector<bool> shown = worth_showing(merged);
  const auto is_marked = [](const Line& line) { return line.mark != Mark::none; };
  const auto first_mark = static_cast<std::size_t>(std::find_if(merged.begin(), merged.end(), is_marked) - merged.begin());
  std::string out;
  for (std::size_t i = 0; i < merged.size();) {
    if (i > first_mark + most_lines) return out + fmt::format("… {} more lines", merged.size() - i);
    const auto next = std::find(shown.begin() + static_cast<std::ptrdiff_t>(i), shown.end(), true) - shown.begin();
    const auto end = std::max(i + 1, static_cast<std::size_t>(next));
    if (end - i > not_worth_an_ellipsis) {
      append_line(out, {Mark::none, merged[i].depth, fmt::format("… {} more lines", end - i)});
    } else {
      for (std::size_t line = i; line < end; ++line) append_line(out, merged[line]);
    }
    i = end;
  }
  if (!out.empty()) out.pop_back();  // the last line's end
  return out;
}

}  // namespace scout::inline v0::detail

#endif
