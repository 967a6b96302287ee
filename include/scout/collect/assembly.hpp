#ifndef SCOUT_COLLECT_ASSEMBLY_HPP
#define SCOUT_COLLECT_ASSEMBLY_HPP

// What has arrived of one transaction so far, in the order of arrival: spans by id, tags by span. Reused from transaction to
// transaction, so that a collector in its stride does not allocate.

#include <cstdint>
#include <string_view>
#include <vector>

#include "../core/context_word.hpp"
#include "../core/record.hpp"
#include "../core/settings.hpp"
#include "text_arena.hpp"

namespace scout::inline v0::detail {

inline constexpr std::uint32_t nothing = 0xffff'ffff;

struct ArrivedTag {
  std::string_view key;
  RecordKind kind{};
  std::uint16_t room = 0;        // bytes that there are for its payload
  std::uint32_t next = nothing;  // of the same span
  std::uint32_t order = 0;       // of its value (Record)
  std::uint64_t a = 0, b = 0;
  std::string_view payload;
};

struct ArrivedSpan {
  std::uint16_t id = 0, parent = 0;
  bool started = false;  // its own record has come, not only a tag or its name
  bool is_explicit = false, ended = false;
  std::uint64_t start = 0, stop = 0;
  std::string_view operation;
  std::uint32_t statement = 0;                         // hash of what it ran; 0: nothing to count
  std::uint32_t counter = 0;                           // whose counts of allocations are known, plus one
  std::uint64_t allocations = 0, allocated_bytes = 0;  // at its start
  std::uint32_t first_tag = nothing, last_tag = nothing, tag_count = 0;
  std::uint32_t name_order = 0;  // (Record)

  // In ticks: its stop, but not before its start, whatever the application said.
  std::uint64_t clamped_stop() const noexcept {
    return static_cast<std::int64_t>(stop) < static_cast<std::int64_t>(start) ? start : stop;
  }
};

class Assembly {
 public:
  static constexpr std::size_t text_limit = 4 * 1024 * 1024;  // bytes of names and values; what comes then is dropped

  void begin(std::uint32_t transaction) noexcept {
    transaction_ = transaction;
    spans_.clear();
    tags_.clear();
    index_.clear();
    request_ = ArrivedSpan{};
    pending_ = open_explicit_ = last_order_ = 0;
    has_statements_ = false;
    first_memory = -1;
  }

  // What it keeps for the next one, in bytes.
  std::size_t kept() const noexcept {
    return sizeof *this + spans_.capacity() * sizeof(ArrivedSpan) + tags_.capacity() * sizeof(ArrivedTag) +
           index_.capacity() * sizeof(std::uint32_t) + texts_.kept();
  }

  // After its transaction: its texts are of no use any more.
  void end() noexcept { texts_.clear(); }

  std::uint32_t transaction() const noexcept { return transaction_; }
  std::uint32_t pending_spans() const noexcept { return pending_; }
  std::uint32_t open_explicit_spans() const noexcept { return open_explicit_; }
  bool has_statements() const noexcept { return has_statements_; }  // of any span
  std::vector<ArrivedSpan>& spans() noexcept { return spans_; }
  const ArrivedSpan& request() const noexcept { return request_; }
  const ArrivedTag& tag(std::uint32_t index) const noexcept { return tags_[index]; }
  std::size_t tag_count() const noexcept { return tags_.size(); }
  TextArena& texts() noexcept { return texts_; }

  // The span of an id, made when it is not known yet.
  ArrivedSpan& span(std::uint16_t id) {
    if (id == ContextWord::request_id) return request_;
    if (id >= index_.size()) index_.resize(id + std::size_t{id_block}, nothing);
    if (index_[id] != nothing) return spans_[index_[id]];
    ArrivedSpan& span = spans_.emplace_back();
    span.id = id;
    index_[id] = static_cast<std::uint32_t>(spans_.size() - 1);
    return span;
  }
  // Where the span of each id stands in spans(), if it does.
  const std::vector<std::uint32_t>& by_id() const noexcept { return index_; }
  // Where a span stands in spans(); nothing: it never started.
  std::uint32_t find(std::uint16_t id) const noexcept {
    return id < index_.size() && index_[id] != nothing && spans_[index_[id]].started ? index_[id] : nothing;
  }

  void add_span(ContextWord context, std::string_view operation, std::uint64_t start, std::uint64_t stop) {
    ArrivedSpan& span = started(context, start);
    if (!operation.empty()) span.operation = operation;
    span.stop = stop;
    span.ended = true;
  }
  void open_span(ContextWord context, std::string_view operation, std::uint64_t start) {
    ArrivedSpan& span = started(context, start);
    if (span.operation.empty()) span.operation = operation;
    span.is_explicit = true;
    if (!span.ended) ++open_explicit_;
  }
  // The name that a span begins with has no order.
  void name_span(ContextWord context, std::string_view name, std::uint32_t order) {
    ArrivedSpan& span = this->span(context.span());
    if (order < span.name_order) return;
    span.operation = name;
    span.name_order = order;
  }
  void close_span(ContextWord context, std::uint64_t stop, std::uint32_t statement) {
    ArrivedSpan& span = this->span(context.span());
    span.statement = statement;
    if (statement != 0) has_statements_ = true;
    if (span.ended) return;
    span.ended = true;
    span.stop = stop;
    if (span.is_explicit) --open_explicit_;
  }

  // The whole order of a record's target, which has its low 16 bits: right while rings are less than 32,768 tags out of step.
  std::uint32_t order(ContextWord target) noexcept {
    if (target.order() == 0) return 0;
    const auto ahead = static_cast<std::int16_t>(target.order() - last_order_);
    const std::uint32_t order = last_order_ + static_cast<std::uint32_t>(std::int32_t{ahead});
    if (ahead > 0) last_order_ = order;
    return order;
  }

  // A key's tag, whose place its last value takes; nullptr: it has none yet.
  ArrivedTag* find_tag(ContextWord context, std::string_view key) {
    const ArrivedSpan& span = this->span(context.span());
    for (std::uint32_t index = span.first_tag; index != nothing; index = tags_[index].next) {
      if (tags_[index].key == key) return &tags_[index];
    }
    return nullptr;
  }
  // That of a key that has none. nullptr: the span has all the tags that it may have.
  ArrivedTag* add_tag(ContextWord context, std::string_view key) {
    ArrivedSpan& span = this->span(context.span());
    if (span.tag_count >= tag_limit && !outlives_limit(key)) return nullptr;
    const auto index = static_cast<std::uint32_t>(tags_.size());
    tags_.emplace_back().key = key;
    (span.last_tag == nothing ? span.first_tag : tags_[span.last_tag].next) = index;
    span.last_tag = index;
    ++span.tag_count;
    return &tags_.back();
  }

  std::int64_t first_memory = -1;  // resident bytes when the collector first saw the transaction; -1: not seen live

 private:
  // What the trace is judged by.
  static bool outlives_limit(std::string_view key) noexcept {
    return key == "error" || key == "transaction.name" || key == "stack";
  }

  ArrivedSpan& started(ContextWord context, std::uint64_t start) {
    ArrivedSpan& span = this->span(context.span());
    span.parent = context.parent();
    span.start = start;
    span.started = true;
    ++pending_;
    return span;
  }

  std::uint32_t transaction_ = 0, pending_ = 0, open_explicit_ = 0;
  std::uint32_t last_order_ = 0;  // that has come
  bool has_statements_ = false;
  std::vector<ArrivedSpan> spans_;
  std::vector<ArrivedTag> tags_;
  std::vector<std::uint32_t> index_;
  ArrivedSpan request_;
  TextArena texts_;
};

}  // namespace scout::inline v0::detail

#endif
