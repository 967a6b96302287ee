#ifndef SCOUT_COLLECT_ASSEMBLER_HPP
#define SCOUT_COLLECT_ASSEMBLER_HPP

// Records in, arrived transactions out. Pure: no thread, no clock, no I/O; the collector feeds it, and tests may.

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "../buffer/registry.hpp"
#include "assembly.hpp"
#include "tag_json.hpp"
#include "timeline.hpp"

namespace scout::inline v0::detail {

class Assembler {
 public:
  explicit Assembler(Registry& registry) : registry_(registry), assemblies_(slot_count) {}

  // Consumes what the ring holds. Returns the bytes.
  std::uint64_t drain(ThreadBuffer& buffer, const Timeline& timeline) {
    const std::uint64_t head = __atomic_load_n(&buffer.head, __ATOMIC_ACQUIRE);  // pairs with the producer's release
    const std::uint64_t begin = buffer.tail;
    std::uint64_t tail = begin;
    while (tail != head) {
      const Record record = *buffer.slot(tail);
      tail += sizeof(Record);
      std::string_view payload;
      if (record.kind() == RecordKind::name || record.kind() == RecordKind::tag) {
        const std::uint64_t size = record.key_size() + std::uint64_t{record.value_size()};
        payload = ring_text(buffer, tail, size);
        tail += (size + sizeof(Record) - 1) / sizeof(Record) * sizeof(Record);
      }
      take(record, payload, buffer, timeline);
    }
    if (tail != begin) __atomic_store_n(&buffer.tail, tail, __ATOMIC_RELEASE);  // pairs with make_room()
    return tail - begin;
  }

  // What has come of a slot's present transaction; made when nothing has.
  Assembly& assembly(const TransactionSlot& slot) {
    auto& place = assemblies_[registry_.slots.index(slot)];
    const std::uint32_t transaction = registry_.slots.transaction(slot);
    if (place == nullptr) {
      if (spare_.empty()) spare_.push_back(std::make_unique<Assembly>());
      place = std::move(spare_.back());
      spare_.pop_back();
      place->begin(transaction);
    }
    return *place;
  }

  // The transaction is over: its spans are no longer pending here, and its slot is free again.
  void release(TransactionSlot& slot) {
    auto& place = assemblies_[registry_.slots.index(slot)];
    if (place != nullptr) {
      pending_spans_ -= place->pending_spans();
      open_explicit_spans_ -= place->open_explicit_spans();
      if (spare_.size() < spare_limit) {
        spare_.push_back(std::move(place));
      } else {
        place.reset();
      }
    }
    registry_.slots.release(slot);
  }

  std::uint64_t pending_spans() const noexcept { return pending_spans_; }              // arrived, their transaction is not over
  std::uint64_t open_explicit_spans() const noexcept { return open_explicit_spans_; }  // of these, not ended yet
  std::uint64_t late_spans() const noexcept { return late_spans_; }
  std::uint64_t dropped_tags() const noexcept { return dropped_tags_; }
  std::uint64_t cut_tags() const noexcept { return cut_tags_; }

 private:
  static constexpr std::size_t spare_limit = 64;

  std::string_view ring_text(ThreadBuffer& buffer, std::uint64_t position, std::uint64_t size) {
    const std::uint64_t offset = position & buffer.mask;
    const std::uint64_t first = size < buffer.capacity() - offset ? size : buffer.capacity() - offset;
    if (first == size) return {buffer.ring() + offset, size};
    wrapped_.assign(buffer.ring() + offset, first);
    wrapped_.append(buffer.ring(), size - first);
    return wrapped_;
  }

  void take(const Record& record, std::string_view payload, ThreadBuffer& buffer, const Timeline& timeline) {
    const ContextWord context{record.context};
    const TransactionSlot& slot = registry_.slots[context.slot()];
    if (registry_.slots.transaction(slot) != context.transaction()) return take_late(record, buffer);
    Assembly& assembly = this->assembly(slot);
    const std::uint64_t pending = assembly.pending_spans(), open = assembly.open_explicit_spans();
    switch (record.kind()) {
      case RecordKind::span:
      case RecordKind::span_named:
      case RecordKind::span_of_function: assembly.add_span(context, operation(record, assembly), record.a, record.b); break;
      case RecordKind::opened:
      case RecordKind::opened_named: assembly.open_span(context, operation(record, assembly), record.a); break;
      case RecordKind::closed: assembly.close_span(context, record.b); break;
      case RecordKind::added_steady:
        assembly.add_span(context, operation(record, assembly), timeline.ticks_at_steady(static_cast<std::int64_t>(record.a)),
                          timeline.ticks_at_steady(static_cast<std::int64_t>(record.b)));
        break;
      case RecordKind::added_wall:
        assembly.add_span(context, operation(record, assembly), timeline.ticks_at_wall(static_cast<std::int64_t>(record.a)),
                          timeline.ticks_at_wall(static_cast<std::int64_t>(record.b)));
        break;
      case RecordKind::name: assembly.span(context.span()).operation = name(record, payload, assembly); break;
      default: take_tag(record, payload, assembly, context);
    }
    pending_spans_ += assembly.pending_spans() - pending;
    open_explicit_spans_ += assembly.open_explicit_spans() - open;
  }

  void take_late(const Record& record, ThreadBuffer& buffer) {
    switch (record.kind()) {
      case RecordKind::span:
      case RecordKind::span_named:
      case RecordKind::span_of_function:
        if (record.a < registry_.fork_ticks) {  // open at the fork: counted then
          if (buffer.forked_open != 0) store(buffer.forked_open, buffer.forked_open - 1);
          return;
        }
        [[fallthrough]];
      case RecordKind::opened:
      case RecordKind::opened_named:
      case RecordKind::added_steady:
      case RecordKind::added_wall: ++late_spans_; return;
      case RecordKind::closed:
      case RecordKind::name: return;
      default: ++dropped_tags_;
    }
  }

  static std::string_view operation(const Record& record, Assembly& assembly) {
    switch (record.kind()) {
      case RecordKind::span_named:
      case RecordKind::opened_named: return {};
      case RecordKind::span_of_function: return assembly.texts().join("Custom/", record.literal());
      default: return record.literal() == nullptr ? std::string_view{} : record.literal();
    }
  }

  static std::string_view name(const Record& record, std::string_view payload, Assembly& assembly) {
    return assembly.texts().copy(record.b == 0 ? payload : cut_text(payload, record.b));
  }

  void take_tag(const Record& record, std::string_view payload, Assembly& assembly, ContextWord context) {
    ArrivedTag tag{{}, record.kind(), record.a, record.b, {}, nothing};
    if (record.kind() == RecordKind::tag) {
      if (record.b != 0) ++cut_tags_;
      if (assembly.texts().size() + payload.size() > Assembly::text_limit) {
        ++dropped_tags_;
        return;
      }
      const std::string_view kept = assembly.texts().copy(payload);
      tag.key = record.a != 0 ? std::string_view(Record{record.a, 0, 0, 0}.literal()) : kept.substr(0, record.key_size());
      tag.payload = kept.substr(record.key_size());
    } else {
      tag.key = record.literal();
    }
    if (!assembly.add_tag(context, tag)) ++dropped_tags_;
  }

  Registry& registry_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;  // by slot
  std::vector<std::unique_ptr<Assembly>> spare_;
  std::string wrapped_;
  std::uint64_t pending_spans_ = 0, open_explicit_spans_ = 0, late_spans_ = 0, dropped_tags_ = 0, cut_tags_ = 0;
};

// The operation of a transaction's root.
inline std::string_view root_operation(const TransactionSlot& slot, Assembly& assembly) {
  if ((load(slot.flags) & TransactionSlot::named) == 0) return Record{slot.operation, 0, 0, 0}.literal();
  return assembly.span(ContextWord::root_id).operation;
}

}  // namespace scout::inline v0::detail

#endif
