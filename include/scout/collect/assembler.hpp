#ifndef SCOUT_COLLECT_ASSEMBLER_HPP
#define SCOUT_COLLECT_ASSEMBLER_HPP

// Records in, arrived transactions out. Pure: no thread, no clock, no I/O; the collector feeds it, and tests may.

#include <bit>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "../buffer/registry.hpp"
#include "../core/guarded.hpp"
#include "assembly.hpp"
#include "tag_json.hpp"
#include "timeline.hpp"

namespace scout::inline v0::detail {

class Assembler {
 public:
  explicit Assembler(Registry& registry) : registry_(registry), assemblies_(slot_count) { spare_.reserve(spare_limit); }

  // Consumes what the ring holds. Returns the bytes.
  std::uint64_t drain(ThreadBuffer& buffer, const Timeline& timeline) {
    const std::uint64_t head = __atomic_load_n(&buffer.head, __ATOMIC_ACQUIRE);  // pairs with the producer's release
    const std::uint64_t begin = buffer.tail;
    const Ring ring{buffer.ring(), buffer.mask};
    std::uint64_t tail = begin;
    const Record* record = nullptr;
    const auto take_all = [&] {
      while (tail != head) {
        record = &ring.record(tail);
        const std::uint64_t begin_of_payload = tail += sizeof(Record);
        const std::uint64_t size = record->has_payload() ? record->key_size() + std::uint64_t{record->value_size()} : 0;
        tail += (size + sizeof(Record) - 1) / sizeof(Record) * sizeof(Record);
        take(*record, size == 0 ? std::string_view() : ring_text(ring, begin_of_payload, size), buffer, timeline);
      }
    };
    while (!guarded(take_all)) drop(*record);
    if (tail != begin) __atomic_store_n(&buffer.tail, tail, __ATOMIC_RELEASE);  // pairs with make_room()
    return tail - begin;
  }

  // What has come of a slot's present transaction; made when nothing has.
  Assembly& assembly(const TransactionSlot& slot) {
    auto& place = assemblies_[registry_.transactions.index(slot)];
    const std::uint32_t transaction = registry_.transactions.transaction(slot);
    if (place == nullptr) {
      if (spare_.empty()) {
        place = std::make_unique<Assembly>();
      } else {
        place = std::move(spare_.back());
        spare_.pop_back();
        spare_bytes_ -= place->kept();
      }
      place->begin(transaction);
    }
    return *place;
  }

  // How many spans of a slot's present transaction have come.
  std::uint64_t pending_spans(const TransactionSlot& slot) const noexcept {
    const auto& place = assemblies_[registry_.transactions.index(slot)];
    return place == nullptr ? 0 : place->pending_spans();
  }

  // The transaction is over: its spans are no longer pending here, and its slot is free again.
  void release(TransactionSlot& slot) {
    auto& place = assemblies_[registry_.transactions.index(slot)];
    recent_ = nullptr;
    if (place != nullptr) {
      pending_spans_ -= place->pending_spans();
      open_explicit_spans_ -= place->open_explicit_spans();
      keep(std::move(place));
    }
    registry_.transactions.release(slot);
  }

  std::uint64_t pending_spans() const noexcept { return pending_spans_; }              // arrived, their transaction is not over
  std::uint64_t open_explicit_spans() const noexcept { return open_explicit_spans_; }  // of these, not ended yet
  std::uint64_t late_spans() const noexcept { return late_spans_; }
  std::uint64_t no_memory_spans() const noexcept { return no_memory_spans_; }
  std::uint64_t dropped_tags() const noexcept { return dropped_tags_; }
  std::uint64_t cut_tags() const noexcept { return cut_tags_; }

 private:
  static constexpr std::size_t spare_limit = 1024, spare_bytes_limit = 2 * 1024 * 1024;

  // To read from. The mask is read once: it lies among what the producer writes all the time.
  struct Ring {
    const char* bytes;
    std::uint64_t mask;

    const Record& record(std::uint64_t position) const noexcept {
      return *reinterpret_cast<const Record*>(bytes + (position & mask));
    }
  };

  // For the next transaction, as long as not too much is kept already.
  void keep(std::unique_ptr<Assembly> assembly) noexcept {
    assembly->end();
    const std::size_t bytes = assembly->kept();
    if (spare_.size() == spare_limit || bytes > spare_bytes_limit - spare_bytes_) return;
    spare_bytes_ += bytes;
    spare_.push_back(std::move(assembly));
  }

  std::string_view ring_text(const Ring& ring, std::uint64_t position, std::uint64_t size) {
    const std::uint64_t offset = position & ring.mask, until_end = ring.mask + 1 - offset;
    if (size <= until_end) return {ring.bytes + offset, size};
    wrapped_.assign(ring.bytes + offset, until_end);
    wrapped_.append(ring.bytes, size - until_end);
    return wrapped_;
  }

  [[gnu::always_inline]] void take(const Record& record, std::string_view payload, ThreadBuffer& buffer,
                                   const Timeline& timeline) {
    const ContextWord context{record.context};
    if (recent_ == nullptr || recent_->transaction() != context.transaction()) {
      const TransactionSlot& slot = registry_.transactions[context.slot()];
      if (registry_.transactions.transaction(slot) != context.transaction()) return take_late(record, buffer);
      recent_ = &this->assembly(slot);
    }
    if (record.kind() != RecordKind::span) return take_other(record, payload, buffer, timeline, *recent_);
    recent_->add_span(context, record.literal(), record.a, record.b);
    ++pending_spans_;
  }

  // Whatever is no span of a scope with a literal, as most records are.
  [[gnu::noinline]] void take_other(const Record& record, std::string_view payload, ThreadBuffer& buffer, const Timeline& timeline,
                                    Assembly& assembly) {
    const ContextWord context{record.context};
    const std::uint64_t open = assembly.open_explicit_spans();
    switch (record.kind()) {
      case RecordKind::span_named:
      case RecordKind::span_of_function:
        assembly.add_span(context, operation(record, assembly), record.a, record.b);
        ++pending_spans_;
        break;
      case RecordKind::opened:
      case RecordKind::opened_named:
      case RecordKind::opened_of_function:
        assembly.open_span(context, operation(record, assembly), timeline.ticks_at(RecordClock{record.b}, record.a));
        ++pending_spans_;
        open_explicit_spans_ += assembly.open_explicit_spans() - open;
        break;
      case RecordKind::closed:
        assembly.close_span(context, timeline.ticks_at(RecordClock{record.a}, record.b), record.value_size());
        open_explicit_spans_ += assembly.open_explicit_spans() - open;
        break;
      case RecordKind::added_steady:
      case RecordKind::added_wall: {
        const RecordClock clock = record.kind() == RecordKind::added_steady ? RecordClock::steady : RecordClock::wall;
        assembly.add_span(context, operation(record, assembly), timeline.ticks_at(clock, record.a),
                          timeline.ticks_at(clock, record.b));
        ++pending_spans_;
        break;
      }
      case RecordKind::name:
        assembly.name_span(context, name(record, payload, assembly), static_cast<std::uint32_t>(record.a));
        break;
      case RecordKind::allocations: take_allocations(record, assembly, context, buffer.index + 1); break;
      default: take_tag(record, payload, assembly, context);
    }
  }

  // There was no memory for it.
  void drop(const Record& record) noexcept {
    if (record.starts_a_span()) {
      ++no_memory_spans_;
    } else if (record.kind() != RecordKind::closed && record.kind() != RecordKind::name) {
      ++dropped_tags_;
    }
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
      case RecordKind::opened_of_function:
      case RecordKind::added_steady:
      case RecordKind::added_wall: ++late_spans_; return;
      case RecordKind::closed:
      case RecordKind::allocations:
      case RecordKind::name: return;
      default: ++dropped_tags_;
    }
  }

  static std::string_view operation(const Record& record, Assembly& assembly) {
    switch (record.kind()) {
      case RecordKind::span_named:
      case RecordKind::opened_named: return {};
      case RecordKind::span_of_function:
      case RecordKind::opened_of_function: return assembly.texts().join("Custom/", record.literal());
      default: return record.literal() == nullptr ? std::string_view{} : record.literal();
    }
  }

  static std::string_view name(const Record& record, std::string_view payload, Assembly& assembly) {
    return assembly.texts().copy(record.b == 0 ? payload : cut_text(payload, record.b));
  }

  // The second counts of a span, if they are the same thread's, become tags as those of Scout's Python agent, and the bytes.
  void take_allocations(const Record& record, Assembly& assembly, ContextWord context, std::uint32_t counter) {
    ArrivedSpan& span = assembly.span(context.span());
    if (span.counter == 0) {
      span.counter = counter;
      span.allocations = record.a;
      span.allocated_bytes = record.b;
      return;
    }
    if (span.counter != counter) return;
    const auto tag = [&assembly, context, this](std::string_view key, std::uint64_t value) {
      add_tag(assembly, context.with_order(0), key, RecordKind::tag_unsigned, value, 0);
    };
    const std::uint64_t start = span.allocations, bytes = span.allocated_bytes;  // the span may move
    tag("start_allocations", start);
    tag("stop_allocations", record.a);
    tag("allocations", record.a - start);
    tag("allocated_bytes", record.b - bytes);
  }

  void take_tag(const Record& record, std::string_view payload, Assembly& assembly, ContextWord context) {
    if (!record.has_payload()) return add_tag(assembly, context, record.literal(), record.kind(), record.a, record.b);
    if (record.b != 0) ++cut_tags_;
    const std::size_t key_size = record.key_size();
    const bool is_literal = record.a != 0, is_stack = record.kind() == RecordKind::stack;
    const std::string_view key = is_literal ? Record{record.a, 0, 0, 0}.literal() : is_stack ? "stack" : payload.substr(0, key_size);
    const std::uint32_t order = assembly.order(context);
    if (ArrivedTag* const tag = assembly.find_tag(context, key)) {
      if (is_current(*tag, order)) replace(assembly, *tag, record, payload.substr(key_size));
      return;
    }
    if (!has_room(assembly, payload.size())) return drop_tag();
    const std::string_view kept = assembly.texts().copy(payload), value = kept.substr(key_size);
    ArrivedTag* const tag = assembly.add_tag(context, is_literal || is_stack ? key : kept.substr(0, key_size));
    if (tag == nullptr) return drop_tag();
    tag->payload = value;
    tag->room = static_cast<std::uint16_t>(value.size());
    tag->order = order;
    set(*tag, record.kind(), record.a, record.b);
  }

  // In the place of the value before; where it is too small, in one that leaves some room for the next.
  void replace(Assembly& assembly, ArrivedTag& tag, const Record& record, std::string_view value) {
    if (value.size() > tag.room) {
      const std::size_t room = std::bit_ceil(value.size());
      if (!has_room(assembly, room)) return drop_tag();
      tag.payload = assembly.texts().blank(room);
      tag.room = static_cast<std::uint16_t>(room);
    }
    tag.payload = TextArena::overwrite(tag.payload, value);
    set(tag, record.kind(), record.a, record.b);
  }

  // A scalar leaves the place of a text as it is.
  void add_tag(Assembly& assembly, ContextWord context, std::string_view key, RecordKind kind, std::uint64_t a, std::uint64_t b) {
    const std::uint32_t order = assembly.order(context);
    ArrivedTag* tag = assembly.find_tag(context, key);
    if (tag == nullptr) tag = assembly.add_tag(context, key);
    if (tag == nullptr) return drop_tag();
    if (is_current(*tag, order)) set(*tag, kind, a, b);
  }

  // Whether a value is not older than the one that a tag has, and its order then the tag's.
  static bool is_current(ArrivedTag& tag, std::uint32_t order) noexcept {
    if (order == 0) return true;
    if (order < tag.order) return false;
    tag.order = order;
    return true;
  }

  static void set(ArrivedTag& tag, RecordKind kind, std::uint64_t a, std::uint64_t b) noexcept {
    tag.kind = kind;
    tag.a = a;
    tag.b = b;
  }
  static bool has_room(Assembly& assembly, std::size_t size) noexcept {
    return assembly.texts().size() + size <= Assembly::text_limit;
  }
  void drop_tag() noexcept { ++dropped_tags_; }

  Registry& registry_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;  // by slot
  std::vector<std::unique_ptr<Assembly>> spare_;
  std::size_t spare_bytes_ = 0;  // that these keep
  Assembly* recent_ = nullptr;   // whose record came last: it is not over, only release() ends it
  std::string wrapped_;
  std::uint64_t pending_spans_ = 0, open_explicit_spans_ = 0, late_spans_ = 0, no_memory_spans_ = 0, dropped_tags_ = 0,
                cut_tags_ = 0;
};

// The operation of a transaction's root.
inline std::string_view root_operation(const TransactionSlot& slot, Assembly& assembly) {
  if ((load(slot.flags) & TransactionSlot::named) == 0) return Record{slot.operation, 0, 0, 0}.literal();
  return assembly.span(ContextWord::root_id).operation;
}

}  // namespace scout::inline v0::detail

#endif
