#ifndef SCOUT_TESTING_EXPECTED_SPAN_HPP
#define SCOUT_TESTING_EXPECTED_SPAN_HPP

// States what a piece of code must record, as a tree:
//
//   web("users/show").tag("plan", "free").children(
//       span("SQL/Query").tag("rows", 1).times(2),
//       span("HTTP/get").lasts(3ms))
//
// Its children are exactly these, in the order of their start; of tags and times, what is stated counts. A value: each
// function gives a changed copy.

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../collect/tag_json.hpp"
#include "../core/settings.hpp"
#include "../core/tag.hpp"

namespace scout::inline v0::detail {

// The JSON text that a tag of this value has in a trace.
template <Taggable T>
std::string recorded_json(const T& value) {
  std::vector<char> tokens(value_limit);
  TagWriter writer(tokens.data(), value_limit - 1, 0, value_limit);
  writer.value(value);
  std::string json;
  TokenReader({tokens.data(), writer.size()}, writer.cut_bytes(), json).read();
  return json;
}

class Comparison;

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

class [[nodiscard]] ExpectedSpan {
 public:
  explicit ExpectedSpan(std::string operation) : operation_(std::move(operation)) {}

  template <Taggable T>
  ExpectedSpan tag(std::string key, const T& value) const {
    return with_tag({std::move(key), Tag::equal, detail::recorded_json(value)});
  }
  ExpectedSpan tag(std::string key) const { return with_tag({std::move(key), Tag::any, {}}); }  // of whatever value
  // No tag of that key.
  ExpectedSpan no_tag(std::string key) const { return with_tag({std::move(key), Tag::none, {}}); }

  // Exactly: with a ManualClock. Counted from the start of the transaction.
  ExpectedSpan starts_at(std::chrono::nanoseconds since_the_transaction_began) const {
    ExpectedSpan copy(*this);
    copy.starts_at_ = since_the_transaction_began;
    return copy;
  }
  ExpectedSpan lasts(std::chrono::nanoseconds duration) const {
    ExpectedSpan copy(*this);
    copy.lasts_ = duration;
    return copy;
  }

  // Of the whole transaction; without this: none.
  ExpectedSpan dropped_spans(std::uint64_t count) const {
    ExpectedSpan copy(*this);
    copy.dropped_spans_ = count;
    return copy;
  }

  // As many siblings, one after the other.
  ExpectedSpan times(std::size_t count) const {
    ExpectedSpan copy(*this);
    copy.times_ = count;
    return copy;
  }

  // All that is below it, unless and_others() is said.
  template <std::same_as<ExpectedSpan>... Child>
  ExpectedSpan children(const Child&... child) const {
    ExpectedSpan copy(*this);
    (child.append_to(copy.children_), ...);
    return copy;
  }
  // The children.
  ExpectedSpan in_any_order() const {
    ExpectedSpan copy(*this);
    copy.any_order_ = true;
    return copy;
  }
  // Further children, anywhere between these.
  ExpectedSpan and_others() const {
    ExpectedSpan copy(*this);
    copy.others_ = true;
    return copy;
  }

 private:
  friend class detail::Comparison;

  struct Tag {
    std::string key;
    enum { equal, any, none } kind;
    std::string json;
  };

  ExpectedSpan with_tag(Tag tag) const {
    ExpectedSpan copy(*this);
    copy.tags_.push_back(std::move(tag));
    return copy;
  }
  void append_to(std::vector<ExpectedSpan>& siblings) const {
    for (std::size_t i = 0; i < times_; ++i) siblings.push_back(*this);
  }

  std::string operation_;
  std::vector<Tag> tags_;
  std::optional<std::chrono::nanoseconds> starts_at_, lasts_;
  std::uint64_t dropped_spans_ = 0;
  std::size_t times_ = 1;
  std::vector<ExpectedSpan> children_;
  bool any_order_ = false, others_ = false;
};

// A span by its whole operation, "SQL/Query"; of instrumented code of one's own, "Custom/load".
inline ExpectedSpan span(std::string operation) { return ExpectedSpan(std::move(operation)); }
// A transaction by its name.
inline ExpectedSpan web(const std::string& name) { return ExpectedSpan("Controller/" + name); }
inline ExpectedSpan background(const std::string& name) { return ExpectedSpan("Job/" + name); }

}  // namespace scout::inline v0::testing

#endif
