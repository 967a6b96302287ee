#ifndef SCOUT_COLLECT_TRACE_BUILDER_HPP
#define SCOUT_COLLECT_TRACE_BUILDER_HPP

// From what has arrived of a finished transaction to the Trace that sinks get: the tree depth first, siblings by start, tags
// as JSON. A span whose parent will not be sent hangs on the root.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assembler.hpp"
#include "symbolizer.hpp"
#include "timeline.hpp"

namespace scout::inline v0::detail {

class TraceBuilder {
 public:
  // A tag that the collector adds to the request, after the application's own; of the same key, in its place.
  struct RequestTag {
    std::string_view key;
    std::string json;
  };

  // The trace is valid until the next build() and as long as the assembly is.
  Trace build(const TransactionSlot& slot, std::uint64_t number, const IdSeed& seed, Assembly& assembly, const Timeline& timeline,
              const std::vector<RequestTag>& own_tags, std::string_view application_root) {
    spans_.clear();
    tags_.clear();
    json_.clear();
    order(assembly);
    tags_.reserve(assembly.tag_count() + own_tags.size());  // the views below point into it

    const auto tag_views = [&](const ArrivedSpan& span) {
      const std::size_t first = tags_.size();
      for (std::uint32_t index = span.first_tag; index != nothing; index = assembly.tag(index).next) {
        const ArrivedTag& tag = assembly.tag(index);
        json_.clear();
        if (tag.kind == RecordKind::stack) {
          symbolizer_.append_stack(json_, tag.payload, application_root);
        } else {
          append_tag_json(json_, tag.kind, tag.a, tag.b, tag.payload);
        }
        tags_.emplace_back(tag.key, assembly.texts().copy(json_));
      }
      return std::span<const TagView>(tags_).subspan(first);
    };

    tag_views(assembly.request());
    for (const RequestTag& own : own_tags) {
      const TagView tag(own.key, assembly.texts().copy(own.json));
      const auto same = std::find_if(tags_.begin(), tags_.end(), [&](const TagView& other) { return other.key() == own.key; });
      same == tags_.end() ? void(tags_.push_back(tag)) : void(*same = tag);
    }
    const std::span<const TagView> request_tags(tags_);

    const Time start = timeline.at(slot.start), stop = timeline.at(slot.stop);
    const SpanId root_id = seed.span(number, ContextWord::root_id);
    spans_.emplace_back(root_id, SpanId{}, root_operation(slot, assembly), start, stop,
                        tag_views(assembly.span(ContextWord::root_id)));
    std::uint16_t parent = ContextWord::root_id;  // of the span before, as siblings have the same
    SpanId parent_id = root_id;
    for (const std::uint32_t index : order_) {
      const ArrivedSpan& span = assembly.spans()[index];
      if (span.parent != parent) {
        parent = span.parent;
        parent_id = assembly.find(parent) == nothing ? root_id : seed.span(number, parent);
      }
      const Time started = timeline.at(span.start);
      spans_.emplace_back(seed.span(number, span.id), parent_id, span.operation, started,
                          span.ended ? timeline.at(span.clamped_stop()) : std::max(started, stop),
                          span.tag_count == 0 ? std::span<const TagView>() : tag_views(span));
    }
    return Trace(seed.request(number), start, stop, request_tags, spans_, load(slot.refused_spans));
  }

 private:
  // Ticks from before the counter began are below zero.
  static std::int64_t start_of(const ArrivedSpan& span) noexcept { return static_cast<std::int64_t>(span.start); }

  // Fills order_ with the started spans below the root, depth first.
  void order(Assembly& assembly) {
    if (is_in_order(assembly)) return;
    const std::vector<ArrivedSpan>& spans = assembly.spans();
    const auto earlier = [&](std::uint32_t left, std::uint32_t right) {
      const std::int64_t left_start = start_of(spans[left]), right_start = start_of(spans[right]);
      return left_start != right_start ? left_start < right_start : spans[left].id < spans[right].id;
    };
    sorted_.clear();
    for (std::uint32_t index = 0; index < spans.size(); ++index) {
      if (spans[index].started) sorted_.push_back(index);
    }
    std::sort(sorted_.begin(), sorted_.end(), earlier);
    // Chains of siblings, the latest linked first so that each chain begins with the earliest.
    first_child_.assign(spans.size() + 1, nothing);
    next_sibling_.assign(spans.size(), nothing);
    const std::size_t root = spans.size();
    for (auto at = sorted_.rbegin(); at != sorted_.rend(); ++at) {
      const std::uint32_t parent = assembly.find(spans[*at].parent);
      std::uint32_t& first = first_child_[parent == nothing || parent == *at ? root : parent];
      next_sibling_[*at] = std::exchange(first, *at);
    }
    order_.clear();
    stack_.clear();
    if (first_child_[root] != nothing) stack_.push_back(first_child_[root]);
    while (!stack_.empty()) {
      const std::uint32_t at = stack_.back();
      stack_.pop_back();
      order_.push_back(at);
      if (next_sibling_[at] != nothing) stack_.push_back(next_sibling_[at]);
      if (first_child_[at] != nothing) stack_.push_back(first_child_[at]);
    }
  }

  // Fills order_ by id, and tells whether that is the order: each started no earlier than the one before, and is below that, below
  // one that holds that, or below the root. So it is where one thread at a time had the transaction.
  bool is_in_order(Assembly& assembly) {
    order_.clear();
    stack_.clear();  // ids
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (const std::uint32_t index : assembly.by_id()) {
      if (index == nothing) continue;
      const ArrivedSpan& span = assembly.spans()[index];
      if (!span.started) continue;
      if (start_of(span) < latest) return false;
      latest = start_of(span);
      while (!stack_.empty() && stack_.back() != span.parent) stack_.pop_back();
      if (stack_.empty() && assembly.find(span.parent) != nothing) return false;
      stack_.push_back(span.id);
      order_.push_back(index);
    }
    return true;
  }

  std::vector<SpanView> spans_;
  std::vector<TagView> tags_;
  std::string json_;
  Symbolizer symbolizer_;
  std::vector<std::uint32_t> sorted_, first_child_, next_sibling_, order_, stack_;
};

}  // namespace scout::inline v0::detail

#endif
