#include "trace.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace scout::local_agent {
namespace {

// The time covered by the intervals, each cut to [from, to]; sorts them.
Duration covered(std::vector<std::pair<Time, Time>>& intervals, Time from, Time to) {
  std::sort(intervals.begin(), intervals.end());
  Duration sum{0};
  Time reached = from;
  for (const auto& [start, stop] : intervals) {
    const Time begin = std::max(start, reached), end = std::min(stop, to);
    if (begin >= end) continue;
    sum += end - begin;
    reached = end;
  }
  return sum;
}

void compute_exclusive_times(std::vector<Span>& spans) {
  std::vector<std::size_t> path;  // the ancestors of the span at hand
  std::vector<std::vector<std::pair<Time, Time>>> children(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    path.resize(spans[i].depth);
    if (!path.empty()) children[path.back()].emplace_back(spans[i].start, spans[i].stop);
    path.push_back(i);
  }
  for (std::size_t i = 0; i < spans.size(); ++i) {
    spans[i].exclusive = spans[i].duration() - covered(children[i], spans[i].start, spans[i].stop);
  }
}

bool is_true(const Tags& tags, std::string_view key) {
  const std::string* text = find_tag(tags, key);
  return text && *text == "true";
}

std::string_view name_of(const Trace& trace) {
  if (const std::string* renamed = find_tag(trace.tags, "transaction.name")) return *renamed;
  for (const Span& span : trace.spans) {
    if (span.operation.starts_with("Controller/") || span.operation.starts_with("Job/")) return span.operation;
  }
  return trace.spans.empty() ? "(no spans)" : std::string_view{trace.spans.front().operation};
}

}  // namespace

const std::string* find_tag(const Tags& tags, std::string_view key) {
  for (const Tag& tag : tags) {
    if (tag.key == key) return &tag.text;
  }
  return nullptr;
}

std::ptrdiff_t set_tag(Tags& tags, std::string_view key, std::string text, std::size_t limit) {
  const auto size = static_cast<std::ptrdiff_t>(text.size());
  for (Tag& tag : tags) {
    if (tag.key == key) return size - std::ssize(std::exchange(tag.text, std::move(text)));
  }
  if (tags.size() >= limit) return 0;
  tags.push_back({std::string{key}, std::move(text)});
  return static_cast<std::ptrdiff_t>(sizeof(Tag) + key.size()) + size;
}

bool is_error(const Span& span) { return is_true(span.tags, "error"); }

ApplicationFrames application_frames(const Stack& stack) {
  const auto foreign = [](std::string_view file) {
    // The last three: how Debian's debug information names the C library's own start of a thread and of a program.
    for (const std::string_view folder : {"/usr/", "/lib", "./nptl/", "../sysdeps/", "sysdeps/"}) {
      if (file.starts_with(folder)) return true;
    }
    if (file.empty()) return true;
    return file.find("/site-packages/") != file.npos || file.find("/node_modules/") != file.npos;
  };
  ApplicationFrames found;
  for (const Frame& frame : stack) {
    if (foreign(frame.file)) continue;
    (found.innermost == nullptr ? found.innermost : found.caller) = &frame;
    if (found.caller != nullptr) return found;
  }
  if (found.innermost == nullptr && !stack.empty()) found.innermost = &stack.front();
  return found;
}

bool Trace::failed() const { return is_true(tags, "error"); }
bool Trace::reached_span_cap() const { return is_true(tags, "scout.reached_span_cap"); }

std::uint64_t Trace::dropped_spans() const {
  std::uint64_t count = 0;
  if (const std::string* text = find_tag(tags, "scout.dropped_spans"))
    std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}

std::size_t Trace::bytes() const {
  const auto tag_bytes = [](const Tags& list) {
    std::size_t sum = 0;
    for (const Tag& tag : list) sum += sizeof(Tag) + tag.key.capacity() + tag.text.capacity();
    return sum;
  };
  const auto stack_bytes = [](const Stack& stack) {
    std::size_t sum = 0;
    for (const Frame& frame : stack) sum += sizeof(Frame) + frame.file.capacity() + frame.function.capacity();
    return sum;
  };
  std::size_t sum = sizeof(Trace) + tag_bytes(tags) + stack_bytes(error_stack);
  for (const Span& span : spans) {
    sum += sizeof(Span) + 2 * span.id.capacity() + span.operation.capacity() + tag_bytes(span.tags);
    sum += stack_bytes(span.stack) + stack_bytes(span.error_stack);
  }
  return sum;
}

void Trace::finish(Time when) {
  stop = std::max(when, start);
  for (Span& span : spans) {
    if (span.open || span.stop < span.start) span.stop = std::max(span.start, span.open ? stop : span.start);
    span.open = false;
  }
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.start < b.start; });

  std::unordered_map<std::string_view, std::size_t> by_id;
  for (std::size_t i = 0; i < spans.size(); ++i) by_id.emplace(spans[i].id, i);
  std::vector<std::vector<std::size_t>> children(spans.size());
  std::vector<std::size_t> waiting;  // a stack: the next span to place is its last element
  for (std::size_t i = spans.size(); i-- > 0;) {
    const auto parent = by_id.find(spans[i].parent_id);
    if (parent == by_id.end() || parent->second == i) {
      waiting.push_back(i);
    } else {
      children[parent->second].push_back(i);
    }
  }

  std::vector<Span> ordered;
  ordered.reserve(spans.size());
  std::vector<bool> placed(spans.size());
  for (std::size_t next = 0;; ++next) {
    while (!waiting.empty()) {
      const std::size_t i = waiting.back();
      waiting.pop_back();
      if (placed[i]) continue;
      placed[i] = true;
      for (const std::size_t child : children[i]) {
        if (!placed[child]) spans[child].depth = spans[i].depth + 1;
        waiting.push_back(child);
      }
      ordered.push_back(std::move(spans[i]));
    }
    while (next < spans.size() && placed[next]) ++next;
    if (next == spans.size()) break;
    spans[next].depth = 0;  // a member of a circle of parents
    waiting.push_back(next);
  }
  spans = std::move(ordered);
  compute_exclusive_times(spans);
  endpoint = name_of(*this);
}

}  // namespace scout::local_agent
