#include "waterfall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace scout::local_agent {
namespace {

constexpr std::size_t most_rows = 200;
constexpr std::size_t repeated_from = 3, n_plus_one_from = 5;
constexpr Duration slow_from = std::chrono::milliseconds{500};

struct Row {
  const Span* span;
  std::vector<std::pair<Time, Time>> times;  // one for each span of the row, in the order of their start
  Duration total{0};
  bool failed = false;
};

bool is_leaf(const std::vector<Span>& spans, std::size_t i) {
  return i + 1 == spans.size() || spans[i + 1].depth <= spans[i].depth;
}

// Leaves of one parent with the same operation and statement share a row.
std::vector<Row> rows_of(const Trace& trace) {
  using Repeated = std::tuple<std::size_t, std::string_view, std::string_view>;  // parent, operation, statement
  const std::vector<Span>& spans = trace.spans;
  std::vector<Repeated> keys(spans.size());
  std::map<Repeated, std::size_t> counts, row_of;
  std::vector<std::size_t> path;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    path.resize(spans[i].depth);
    const std::string* statement = find_tag(spans[i].tags, "db.statement");
    if (is_leaf(spans, i) && statement) {
      keys[i] = {path.empty() ? spans.size() : path.back(), spans[i].operation, *statement};
      ++counts[keys[i]];
    }
    path.push_back(i);
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto count = counts.find(keys[i]);
    const bool repeated = count != counts.end() && count->second >= repeated_from;
    const auto position = repeated ? row_of.try_emplace(keys[i], rows.size()).first->second : rows.size();
    if (position == rows.size()) rows.push_back({&spans[i], {}, Duration{0}, false});
    Row& row = rows[position];
    row.times.emplace_back(spans[i].start, spans[i].stop);
    row.total += spans[i].duration();
    row.failed = row.failed || is_error(spans[i]);
  }
  return rows;
}

std::string label(const Row& row, bool ascii) {
  std::string text = row.span->operation;
  for (const char* detail : {"db.statement", "url", "uri", "name"}) {
    if (const std::string* value = find_tag(row.span->tags, detail)) {
      text += "  " + *value;
      break;
    }
  }
  const std::size_t depth = std::min<std::size_t>(row.span->depth, 12);
  return std::string(2 * depth, ' ') + cleaned(text, ascii);
}

std::string marks(const Row& row, bool ascii) {
  std::string text;
  const auto add = [&](std::string_view mark) { text.append(text.empty() ? "" : " ").append(mark); };
  if (row.failed) add("ERROR");
  if (row.times.size() > 1) add(fmt::format("{}{}", ascii ? "x" : "×", row.times.size()));
  if (row.times.size() >= n_plus_one_from) add("N+1");
  if (row.total >= slow_from) add("slow");
  return text;
}

// How much of each of `cells` equal parts of the trace the row's spans cover, as blocks of eight heights.
std::string bar(const Row& row, const Trace& trace, std::size_t cells, bool ascii) {
  static constexpr const char* blocks[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
  static constexpr const char* plain[] = {" ", "-", "-", "-", "=", "=", "=", "#", "#"};
  const double length = std::max(1.0, static_cast<double>(trace.duration().count()));
  std::vector<double> covered(cells);
  double reached = 0;  // times overlap when threads work at the same time
  for (const auto& [start, stop] : row.times) {
    const auto place = [&](Time time) {
      return std::clamp(static_cast<double>((time - trace.start).count()) / length, 0.0, 1.0) * static_cast<double>(cells);
    };
    const double from = std::max(place(start), reached), to = std::max(place(stop), from);
    reached = to;
    const auto first = std::min(static_cast<std::size_t>(from), cells - 1);
    for (std::size_t cell = first; cell < cells && static_cast<double>(cell) < to; ++cell) {
      covered[cell] += std::min(to, static_cast<double>(cell + 1)) - std::max(from, static_cast<double>(cell));
    }
    covered[first] = std::max(covered[first], 0.01);  // however short, it leaves a trace
  }
  std::string text;
  for (const double share : covered) {
    const auto eighths = std::min<std::size_t>(8, static_cast<std::size_t>(share * 8 + 0.99));
    text += ascii ? plain[eighths] : blocks[eighths];
  }
  return text;
}

}  // namespace

std::string waterfall(const Trace& trace, const Appearance& appearance) {
  const bool ascii = appearance.ascii;
  std::string out;
  const auto add_line = [&](const std::string& text) { out += line(text, appearance); };
  add_line(fmt::format("{}  {}{}  {}", cleaned(trace.endpoint(), ascii), duration_text(trace.duration(), ascii),
                       trace.failed() ? "  ERROR" : "", cleaned(trace.request_id, ascii)));
  for (const Tag& tag : trace.tags) add_line(fmt::format("  {} = {}", cleaned(tag.key, ascii), cleaned(tag.text, ascii)));

  const std::vector<Row> rows = rows_of(trace);
  const std::size_t shown = std::min(rows.size(), most_rows);
  std::size_t name_width = 0, marks_width = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    name_width = std::max(name_width, columns(label(rows[i], ascii)));
    marks_width = std::max(marks_width, columns(marks(rows[i], ascii)));
  }
  constexpr std::size_t duration_width = 9, narrowest_name = 12, narrowest_bar = 8;
  name_width = std::min(name_width, std::max(narrowest_name, appearance.width * 9 / 20));
  const std::size_t taken = name_width + 2 + duration_width + (marks_width > 0 ? marks_width + 2 : 0);
  const std::size_t bar_width = appearance.width > taken + narrowest_bar ? appearance.width - taken : narrowest_bar;
  for (std::size_t i = 0; i < shown; ++i) {
    add_line(fmt::format("{}  {}{}  {}", left(label(rows[i], ascii), name_width, ascii), bar(rows[i], trace, bar_width, ascii),
                         right(duration_text(rows[i].total, ascii), duration_width, ascii), marks(rows[i], ascii)));
  }
  if (shown < rows.size()) add_line(fmt::format("  {} {} more lines", ascii ? "..." : "…", rows.size() - shown));
  return out;
}

}  // namespace scout::local_agent
