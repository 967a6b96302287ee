#include "waterfall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <utility>
#include <vector>

#include "repetition.hpp"
#include "report.hpp"

namespace scout::local_agent {
namespace {

constexpr std::size_t most_rows = 200;
constexpr std::size_t repeated_from = 3;

struct Row {
  const Span* span;
  std::vector<std::pair<Time, Time>> times;  // one for each span of the row, in the order of their start
  Duration total{0};
  bool failed = false, slow = false;
  long allocations = 0;  // where the program counts them
  const Stack *stack = &span->stack, *error_stack = &span->error_stack;  // the first that there are
};

long allocations_of(const Span& span) {
  const std::string* const text = find_tag(span.tags, "allocations");
  return text == nullptr ? 0 : std::strtol(text->c_str(), nullptr, 10);
}

bool is_leaf(const std::vector<Span>& spans, std::size_t i) {
  return i + 1 == spans.size() || spans[i + 1].depth <= spans[i].depth;
}

// Siblings without children that repeat one statement share the first one's row.
std::vector<Row> rows_of(const Trace& trace) {
  const std::vector<Span>& spans = trace.spans;
  std::vector<std::size_t> first_of(spans.size());
  std::iota(first_of.begin(), first_of.end(), std::size_t{0});
  for (Repetition& repetition : repetitions(trace, repeated_from)) {
    std::erase_if(repetition.spans, [&](std::size_t i) { return !is_leaf(spans, i); });
    if (repetition.count() < repeated_from) continue;
    for (const std::size_t i : repetition.spans) first_of[i] = repetition.spans.front();
  }
  std::vector<Row> rows;
  std::vector<std::size_t> row_of(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (first_of[i] == i) {
      row_of[i] = rows.size();
      rows.push_back({&spans[i], {}, Duration{0}});
    }
    Row& row = rows[row_of[first_of[i]]];
    row.times.emplace_back(spans[i].start, spans[i].stop);
    row.total += spans[i].duration();
    row.failed = row.failed || is_error(spans[i]);
    row.slow = row.slow || spans[i].duration() > slow_above;
    row.allocations += allocations_of(spans[i]);
    if (row.stack->empty()) row.stack = &spans[i].stack;
    if (row.error_stack->empty()) row.error_stack = &spans[i].error_stack;
  }
  return rows;
}

std::string frame_text(const Frame& frame) {
  const std::string place = frame.line > 0 ? fmt::format("{}:{}", frame.file, frame.line) : frame.file;
  return place + (place.empty() || frame.function.empty() ? "" : " ") + frame.function;
}

// The operation and what it worked on.
std::string description(const Row& row) {
  std::string text = row.span->operation;
  for (const char* detail : {"db.statement", "url", "uri", "name"}) {
    if (const std::string* value = find_tag(row.span->tags, detail)) return text + "  " + *value;
  }
  return text;
}

std::size_t indent(const Row& row, std::size_t width) { return std::min((width < 80 ? 1 : 2) * row.span->depth, width / 5); }

std::string label(const Row& row, const Appearance& appearance) {
  return std::string(indent(row, appearance.width), ' ') + cleaned(description(row), appearance.ascii);
}

std::string marks(const Row& row, bool ascii) {
  std::string text;
  const auto add = [&](std::string_view mark) { text.append(text.empty() ? "" : " ").append(mark); };
  if (row.failed) add("ERROR");
  if (row.times.size() > 1) add(fmt::format("{}{}", ascii ? "x" : "×", row.times.size()));
  if (row.times.size() >= n_plus_one_from) add("N+1");
  if (row.slow) add("slow");
  if (row.allocations > 0) add(fmt::format("{} new", row.allocations));
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
  const auto add_stack = [&](const std::string& title, const Stack& stack) {
    if (stack.empty()) return;
    add_line(title);
    for (const Frame& frame : stack) add_line("  " + cleaned(frame_text(frame), ascii));
  };
  const std::string worth_a_look = remarks(trace, ascii);
  add_line(fmt::format("{}  {}{}{}  {}", cleaned(trace.endpoint, ascii), duration_text(trace.duration(), ascii),
                       worth_a_look.empty() ? "" : "  ", worth_a_look, cleaned(trace.request_id, ascii)));
  for (const Tag& tag : trace.tags) add_line(fmt::format("  {} = {}", cleaned(tag.key, ascii), cleaned(tag.text, ascii)));

  const std::vector<Row> rows = rows_of(trace);
  const std::size_t shown = std::min(rows.size(), most_rows);
  std::size_t name_width = 0, marks_width = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    name_width = std::max(name_width, columns(label(rows[i], appearance)));
    marks_width = std::max(marks_width, columns(marks(rows[i], ascii)));
  }
  // Where they would take too much from the bars, marks stand below their row.
  const bool marks_beside = marks_width > 0 && marks_width * 4 <= appearance.width;
  constexpr std::size_t duration_width = 9, narrowest_label = 12, narrowest_bar = 8;
  const std::size_t beside = 2 + duration_width + (marks_beside ? marks_width + 2 : 0);
  const std::size_t room = std::max(appearance.width, beside + narrowest_label + narrowest_bar) - beside;
  name_width = std::min({name_width, room - narrowest_bar, std::max(narrowest_label, appearance.width * 9 / 20)});
  for (std::size_t i = 0; i < shown; ++i) {
    const Row& row = rows[i];
    const auto add_below = [&](std::string_view text) {
      if (!text.empty()) add_line(std::string(indent(row, appearance.width) + 2, ' ').append(text));
    };
    const std::string row_marks = marks(row, ascii);
    add_line(fmt::format("{}  {}{}  {}", left(label(row, appearance), name_width, ascii),
                         bar(row, trace, room - name_width, ascii), right(duration_text(row.total, ascii), duration_width, ascii),
                         marks_beside ? row_marks : ""));
    if (!marks_beside) add_below(row_marks);
    const auto add_frames = [&](const char* at, const Stack& stack) {
      const auto [innermost, caller] = application_frames(stack);
      if (innermost != nullptr) add_below(at + cleaned(frame_text(*innermost), ascii));
      if (caller != nullptr) add_below("from " + cleaned(frame_text(*caller), ascii));
    };
    add_frames("at ", *row.stack);
    add_frames("thrown at ", *row.error_stack);
  }
  if (shown < rows.size()) add_line(fmt::format("  {} {} more lines", ascii ? "..." : "…", rows.size() - shown));
  for (std::size_t i = 0; i < shown; ++i) {
    const Row& row = rows[i];
    add_stack(fmt::format("stack of {}, {}", cleaned(description(row), ascii), duration_text(row.total, ascii)), *row.stack);
    add_stack(fmt::format("thrown in {}", cleaned(description(row), ascii)), *row.error_stack);
  }
  add_stack(fmt::format("thrown in {}", cleaned(trace.endpoint, ascii)), trace.error_stack);
  return out;
}

}  // namespace scout::local_agent
