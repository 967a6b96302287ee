#ifndef SCOUT_TESTING_MATCHES_HPP
#define SCOUT_TESTING_MATCHES_HPP

// Compares what was recorded with what was stated: the cheapest way to turn one tree into the other, by leaving spans out
// and adding some, is no work at all, or is the difference that is printed.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "assertion_result.hpp"
#include "expected_span.hpp"
#include "span_node.hpp"

namespace scout::inline v0::detail {

using testing::ExpectedSpan;

class Comparison {
 public:
  template <class... Expected>
  Comparison(std::vector<SpanNode> recorded, const Expected&... expected) : recorded_(std::move(recorded)), expected_("") {
    expected_ = expected_.children(expected...);
  }

  testing::AssertionResult result() const {
    const Alignment alignment = align(expected_, recorded_);
    if (alignment.cost == 0) return {};
    Lines lines;
    append(lines, alignment, 0);
    return testing::AssertionResult("what was recorded is not what is expected (- expected, + recorded):\n" + to_text(lines));
  }

 private:
  using Cost = std::size_t;  // in lines that are marked
  static constexpr Cost impossible = std::numeric_limits<Cost>::max() / 4;

  // Of siblings: who is compared with whom; nullptr: with nobody.
  struct Pair {
    const ExpectedSpan* expected;
    const SpanNode* recorded;
  };
  struct Alignment {
    std::vector<Pair> pairs;
    bool others_allowed;
    Cost cost;
  };

  // A detail that was stated of a span, and how it was recorded.
  struct Detail {
    std::string stated, recorded;
    bool same;
  };

  static std::vector<Detail> details(const ExpectedSpan& expected, const SpanNode& node) {
    std::vector<Detail> all;
    for (const ExpectedSpan::Tag& tag : expected.tags_) {
      const std::string_view json = node.tag(tag.key);
      const bool same = tag.kind == ExpectedSpan::Tag::any ? !json.empty() : json == tag.json;
      const std::size_t from = same || tag.json.empty() ? 0 : where_they_differ(tag.json, json);
      all.push_back({stated_text(tag, from), json.empty() ? "no " + tag.key : tag_text(tag.key, json, from), same});
    }
    const auto add = [&all](std::string stated, std::string recorded) {
      const bool same = stated == recorded;
      all.push_back({std::move(stated), std::move(recorded), same});
    };
    if (expected.starts_at_) add(starts_text(*expected.starts_at_), starts_text(node.starts_at()));
    if (expected.lasts_) add(lasts_text(*expected.lasts_), lasts_text(node.span->duration()));
    if (node.is_root() && (expected.dropped_spans_ != 0 || node.trace->dropped_spans() != 0)) {
      add(dropped_text(expected.dropped_spans_), dropped_text(node.trace->dropped_spans()));
    }
    return all;
  }
  static std::string stated_text(const ExpectedSpan::Tag& tag, std::size_t from = 0) {
    switch (tag.kind) {
      case ExpectedSpan::Tag::equal: return tag_text(tag.key, tag.json, from);
      case ExpectedSpan::Tag::any: return tag.key;
      default: return "no " + tag.key;
    }
  }
  static std::string starts_text(std::chrono::nanoseconds time) { return "starts at " + duration_text(time); }
  static std::string lasts_text(std::chrono::nanoseconds time) { return "lasts " + duration_text(time); }
  static std::string dropped_text(std::uint64_t count) { return fmt::format("{} dropped spans", count); }

  static Cost stated_size(const ExpectedSpan& expected) {
    Cost sum = 1;
    for (const ExpectedSpan& child : expected.children_) sum += stated_size(child);
    return sum;
  }

  static bool differ(const std::vector<Detail>& details) {
    return std::any_of(details.begin(), details.end(), [](const Detail& detail) { return !detail.same; });
  }

  Cost cost(const ExpectedSpan& expected, const SpanNode& node) const {
    if (expected.operation_ != node.span->operation()) return impossible;
    const Cost own = differ(details(expected, node)) ? 1 : 0;
    if (expected.children_.empty() && node.children.empty()) return own;
    // Each level asks for its children more than once, so without a memory the work would double with every level.
    const auto [known, is_new] = costs_of_children_.try_emplace({&expected, &node}, 0);
    if (is_new) known->second = align(expected, node.children).cost;
    return own + known->second;
  }

  Alignment align(const ExpectedSpan& expected, const std::vector<SpanNode>& recorded) const {
    Alignment alignment{{}, expected.others_, 0};
    if (expected.any_order_) {
      pair_in_any_order(alignment, expected.children_, recorded);
    } else {
      pair_in_order(alignment, expected.children_, recorded);
    }
    for (const auto& [stated, node] : alignment.pairs) {
      if (node == nullptr) {
        alignment.cost += stated_size(*stated);
      } else if (stated != nullptr) {
        alignment.cost += cost(*stated, *node);
      } else if (!alignment.others_allowed) {
        alignment.cost += subtree_size(*node);
      }
    }
    return alignment;
  }

  // The edit distance of two sequences, after what they have in common at their beginning.
  void pair_in_order(Alignment& alignment, const std::vector<ExpectedSpan>& expected,
                     const std::vector<SpanNode>& recorded) const {
    std::size_t common = 0;
    while (common < expected.size() && common < recorded.size() && cost(expected[common], recorded[common]) == 0) {
      alignment.pairs.push_back({&expected[common], &recorded[common]});
      ++common;
    }
    const std::size_t rows = expected.size() - common, columns = recorded.size() - common;
    const auto surplus = [&](std::size_t column) {
      return alignment.others_allowed ? 0 : subtree_size(recorded[common + column]);
    };
    std::vector<std::vector<Cost>> rest(rows + 1, std::vector<Cost>(columns + 1)), paired(rows, std::vector<Cost>(columns));
    for (std::size_t row = rows + 1; row-- > 0;) {
      for (std::size_t column = columns + 1; column-- > 0;) {
        if (row == rows && column == columns) continue;
        Cost best = impossible;
        if (row < rows) best = std::min(best, rest[row + 1][column] + stated_size(expected[common + row]));
        if (column < columns) best = std::min(best, rest[row][column + 1] + surplus(column));
        if (row < rows && column < columns) {
          paired[row][column] = cost(expected[common + row], recorded[common + column]);
          best = std::min(best, rest[row + 1][column + 1] + paired[row][column]);
        }
        rest[row][column] = best;
      }
    }
    for (std::size_t row = 0, column = 0; row < rows || column < columns;) {
      const Cost best = rest[row][column];
      if (row < rows && column < columns && best == rest[row + 1][column + 1] + paired[row][column]) {
        alignment.pairs.push_back({&expected[common + row++], &recorded[common + column++]});
      } else if (row < rows && best == rest[row + 1][column] + stated_size(expected[common + row])) {
        alignment.pairs.push_back({&expected[common + row++], nullptr});
      } else {
        alignment.pairs.push_back({nullptr, &recorded[common + column++]});
      }
    }
  }

  // As many full matches as there can be (augmenting paths), then whatever has the same operation.
  void pair_in_any_order(Alignment& alignment, const std::vector<ExpectedSpan>& expected,
                         const std::vector<SpanNode>& recorded) const {
    std::vector<const ExpectedSpan*> partner(recorded.size(), nullptr);
    std::vector<const ExpectedSpan*> alone;
    for (const ExpectedSpan& stated : expected) {
      std::vector<bool> tried(recorded.size());
      if (!find_partner(stated, recorded, partner, tried)) alone.push_back(&stated);
    }
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      if (partner[i] == nullptr) {
        const auto similar = std::find_if(alone.begin(), alone.end(),
                                          [&](const ExpectedSpan* stated) { return cost(*stated, recorded[i]) < impossible; });
        if (similar != alone.end()) {
          partner[i] = *similar;
          alone.erase(similar);
        }
      }
      alignment.pairs.push_back({partner[i], &recorded[i]});
    }
    for (const ExpectedSpan* stated : alone) alignment.pairs.push_back({stated, nullptr});
  }
  bool find_partner(const ExpectedSpan& stated, const std::vector<SpanNode>& recorded, std::vector<const ExpectedSpan*>& partner,
                    std::vector<bool>& tried) const {
    for (std::size_t i = 0; i < recorded.size(); ++i) {
      if (tried[i] || cost(stated, recorded[i]) != 0) continue;
      tried[i] = true;
      if (partner[i] == nullptr || find_partner(*partner[i], recorded, partner, tried)) {
        partner[i] = &stated;
        return true;
      }
    }
    return false;
  }

  void append(Lines& lines, const Alignment& alignment, std::size_t depth) const {
    for (const auto& [stated, node] : alignment.pairs) {
      if (node == nullptr) {
        append_missing(lines, *stated, depth);
      } else if (stated == nullptr) {
        append_tree(lines, *node, depth, Mark::recorded,
                    [&](const SpanNode& surplus) { return alignment.others_allowed ? std::string() : span_text(surplus); });
      } else {
        append_pair(lines, *stated, *node, depth);
      }
    }
  }
  static void append_missing(Lines& lines, const ExpectedSpan& expected, std::size_t depth) {
    std::string text = operation_text(expected.operation_);
    for (const ExpectedSpan::Tag& tag : expected.tags_) text += "  " + stated_text(tag);
    if (expected.starts_at_) text += "  " + starts_text(*expected.starts_at_);
    if (expected.lasts_) text += "  " + lasts_text(*expected.lasts_);
    lines.push_back({Mark::expected, depth, std::move(text)});
    for (const ExpectedSpan& child : expected.children_) append_missing(lines, child, depth + 1);
  }
  void append_pair(Lines& lines, const ExpectedSpan& expected, const SpanNode& node, std::size_t depth) const {
    std::string stated = operation_text(node.span->operation()), recorded = stated;
    const std::vector<Detail> all = details(expected, node);
    for (const Detail& detail : all) {
      stated += "  " + detail.stated;
      recorded += "  " + detail.recorded;
    }
    if (!differ(all)) {
      lines.push_back({Mark::none, depth, std::move(recorded)});
    } else {
      lines.push_back({Mark::expected, depth, std::move(stated)});
      lines.push_back({Mark::recorded, depth, std::move(recorded)});
    }
    append(lines, align(expected, node.children), depth + 1);
  }

  std::vector<SpanNode> recorded_;
  ExpectedSpan expected_;  // its children are the traces
  mutable std::map<std::pair<const ExpectedSpan*, const SpanNode*>, Cost> costs_of_children_;
};

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

// The subject's traces are exactly these, in the order of their ends.
template <std::same_as<ExpectedSpan>... Expected>
AssertionResult matches(const Subject& subject, const Expected&... expected) {
  if (!subject.installed()) return detail::not_installed();
  return detail::Comparison(detail::forest(subject), expected...).result();
}

}  // namespace scout::inline v0::testing

#endif
