#ifndef SCOUT_TESTING_SPAN_NODE_HPP
#define SCOUT_TESTING_SPAN_NODE_HPP

// Recorded traces as trees of spans, and the words in which assertions speak of them.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../collect/tag_json.hpp"
#include "assertion_result.hpp"
#include "recording.hpp"
#include "tree_text.hpp"

namespace scout::inline v0::testing {

// What an assertion looks at: everything a recording has so far, or some traces of it.
class Subject {
 public:
  Subject(Recording& recording) : traces_(recording.traces()), installed_(recording.installed()) {}
  Subject(RecordedTrace trace) { traces_.push_back(std::move(trace)); }
  Subject(std::vector<RecordedTrace> traces) : traces_(std::move(traces)) {}

  // In the order of their arrival.
  const std::vector<RecordedTrace>& traces() const noexcept { return traces_; }
  // False: of a recording that is not installed. That it has no traces says nothing.
  bool installed() const noexcept { return installed_; }

 private:
  std::vector<RecordedTrace> traces_;
  bool installed_ = true;
};

}  // namespace scout::inline v0::testing

namespace scout::inline v0::detail {

using testing::RecordedSpan, testing::RecordedTag, testing::RecordedTrace, testing::tag_json;

inline testing::AssertionResult not_installed() {
  return testing::AssertionResult("nothing was recorded: another agent is installed, or SCOUT_MONITOR is off in the environment");
}

// Points into the trace.
struct SpanNode {
  const RecordedTrace* trace;
  const RecordedSpan* span;
  std::vector<SpanNode> children;

  bool is_root() const noexcept { return span == &trace->spans().front(); }
  std::chrono::nanoseconds starts_at() const noexcept { return span->start() - trace->start(); }

  // A root has the request's tags and its own.
  std::vector<RecordedTag> tags() const {
    std::vector<RecordedTag> all = is_root() ? trace->tags() : std::vector<RecordedTag>{};
    all.insert(all.end(), span->tags().begin(), span->tags().end());
    return all;
  }
  // Its JSON text; empty: there is none of that key.
  std::string_view tag(std::string_view key) const noexcept {
    const std::string_view json = is_root() ? tag_json(*trace, key) : std::string_view{};
    return json.empty() ? tag_json(*span, key) : json;
  }
};

inline SpanNode tree(const RecordedTrace& trace, std::size_t& next) {
  SpanNode node{&trace, &trace.spans()[next++], {}};
  while (next < trace.spans().size() && trace.spans()[next].parent() == node.span->id()) {
    node.children.push_back(tree(trace, next));
  }
  return node;
}

inline std::vector<SpanNode> forest(const testing::Subject& subject) {
  std::vector<SpanNode> roots;
  for (const RecordedTrace& trace : subject.traces()) {
    std::size_t next = 0;
    roots.push_back(tree(trace, next));
  }
  return roots;
}

inline std::size_t subtree_size(const SpanNode& node) {
  std::size_t sum = 1;
  for (const SpanNode& child : node.children) sum += subtree_size(child);
  return sum;
}

// A whole operation, or the beginning of one before a '*': "SQL/*".
inline bool is_operation(std::string_view pattern, std::string_view operation) noexcept {
  if (pattern.ends_with('*')) return operation.starts_with(pattern.substr(0, pattern.size() - 1));
  return operation == pattern;
}

inline std::string operation_text(std::string_view operation) {
  std::string text;
  append_json_characters(text, operation);
  return text;
}

// A value of which a part is shown when it is long: 200 bytes from `from` on.
inline std::string tag_text(std::string_view key, std::string_view json, std::size_t from = 0) {
  constexpr std::size_t longest = 200;
  std::string text;
  append_json_characters(text, key);
  text += from == 0 ? "=" : "=…";
  json.remove_prefix(std::min(from, json.size()));
  return json.size() <= longest ? text.append(json) : text + cut_text(json.substr(0, longest), json.size() - longest);
}

// Where to begin in order to show how two long values differ.
inline std::size_t where_they_differ(std::string_view left, std::string_view right) noexcept {
  constexpr std::size_t before = 50;
  std::size_t at = 0;
  while (at < left.size() && at < right.size() && left[at] == right[at]) ++at;
  if (at < 2 * before) return 0;
  at -= before;
  while ((static_cast<unsigned char>(left[at]) & 0xc0) == 0x80) --at;  // not into the middle of a character
  return at;
}

// The characters of a JSON string as scout writes it; of any other value its text.
inline std::string json_characters(std::string_view json) {
  if (json.size() < 2 || json.front() != '"') return std::string(json);
  json = json.substr(1, json.size() - 2);
  std::string text;
  while (!json.empty()) {
    const bool escaped = json.front() == '\\' && json.size() > 1;
    if (escaped) json.remove_prefix(1);
    const char c = json.front();
    json.remove_prefix(1);
    if (!escaped || c == '"' || c == '\\') {
      text.push_back(c);
    } else {
      text.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : ' ');
      if (c == 'u') json.remove_prefix(std::min<std::size_t>(4, json.size()));  // a control character
    }
  }
  return text;
}

// In the largest unit that makes it a whole number.
inline std::string duration_text(std::chrono::nanoseconds duration) {
  std::int64_t count = duration.count();
  const char* unit = "ns";
  for (const char* larger : {"us", "ms", "s"}) {
    if (count == 0 || count % 1000 != 0) break;
    count /= 1000;
    unit = larger;
  }
  return fmt::format("{}{}", count, unit);
}

// Tags that scout adds and that differ from run to run.
inline bool is_measured(std::string_view key) noexcept {
  for (const std::string_view measured : {"mem_delta", "scout.queue_time_ns", "stack", "error_stack", "n_plus_one",
                                          "start_allocations", "stop_allocations"}) {
    if (key == measured) return true;
  }
  return false;
}

// The innermost frame of a stack tag as it was recorded; empty: the span has none.
inline std::string innermost_frame(const SpanNode& node, std::string_view key) {
  const std::string stack(node.tag(key));
  return stack.size() < 2 ? std::string() : stack.substr(1, stack.find('}'));
}

inline std::string span_text(const SpanNode& node) {
  std::string text = operation_text(node.span->operation());
  for (const RecordedTag& tag : node.tags()) {
    if (!is_measured(tag.key())) text.append("  ").append(tag_text(tag.key(), tag.json()));
  }
  return text;
}

// The lines of a tree. `describe` gives the text of a node that is to be marked, or nothing.
template <class Describe>
void append_tree(Lines& lines, const SpanNode& node, std::size_t depth, Mark mark, const Describe& describe) {
  std::string text = describe(node);
  const bool marked = !text.empty();
  lines.push_back({marked ? mark : Mark::none, depth, marked ? std::move(text) : operation_text(node.span->operation())});
  for (const SpanNode& child : node.children) append_tree(lines, child, depth + 1, mark, describe);
}

}  // namespace scout::inline v0::detail

#endif
