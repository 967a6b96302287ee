#include <scout/collect/trace_builder.hpp>

#include <doctest/doctest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include "plain_memory.hpp"

using namespace scout::detail;

namespace {

// A registry and one ring in plain memory: records are put in by hand, no agent and no thread is involved.
class AssemblerBench {
 public:
  AssemblerBench() : registry_(zeroed<Registry>()), buffer_(zeroed<ThreadBuffer>(ring_size)), assembler(*registry_) {
    *buffer_ = ThreadBuffer{};
    buffer_->mask = ring_size - 1;
    buffer_->registry = registry_.get();
  }

  TransactionSlot& start(const char* operation) {
    TransactionSlot& slot = *registry_->transactions.acquire(0);
    slot.operation = record_word(RecordKind::span, operation);
    slot.flags = 0;
    slot.refused_spans = 0;
    ++slot.incarnation;
    slot.start = 1000;
    slot.stop = 9000;
    store(slot.phase, TransactionSlot::live_phase(ContextWord::root_of(registry_->transactions.transaction(slot))));
    return slot;
  }
  ContextWord context(const TransactionSlot& slot, std::uint16_t parent, std::uint16_t id) const {
    return ContextWord{ContextWord::root_of(registry_->transactions.transaction(slot)).orphan(parent)}.child(id);
  }
  void put(const Record& record) { scout::detail::put(*buffer_, record); }
  void drain() { assembler.drain(*buffer_, Timeline(0)); }
  // "operation start-stop" of all spans, by depth.
  std::string build(TransactionSlot& slot) {
    drain();
    const scout::Trace trace =
        builder_.build(slot, registry_->transactions.number(slot), {1, 2}, assembler.assembly(slot), Timeline(0), {}, "/srv/app");
    std::string text;
    for (const scout::SpanView& span : trace.spans()) {
      const auto at = [](scout::Time time) { return std::to_string(time.time_since_epoch().count()); };
      text +=
          std::string(text.empty() ? "" : ", ") + std::string(span.operation()) + ' ' + at(span.start()) + '-' + at(span.stop());
      for (const scout::TagView& tag : span.tags()) text += ' ' + std::string(tag.key()) + '=' + std::string(tag.json());
    }
    return text;
  }
  ThreadBuffer& buffer() { return *buffer_; }

 private:
  static constexpr std::size_t ring_size = 512;

  Zeroed<Registry> registry_;
  Zeroed<ThreadBuffer> buffer_;
  TraceBuilder builder_;

 public:
  Assembler assembler;
};

// Bytes on the heap; 0 where a sanitizer has it.
std::size_t allocated() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

// Transactions at the same time, each with as many spans and a name.
std::vector<TransactionSlot*> many(AssemblerBench& bench, int transactions, std::uint16_t spans) {
  std::vector<TransactionSlot*> live;
  live.reserve(static_cast<std::size_t>(transactions));
  for (int i = 0; i < transactions; ++i) {
    TransactionSlot& slot = *live.emplace_back(&bench.start("Job/a"));
    for (std::uint16_t id = 2; id < spans + 2; ++id) {
      bench.put({record_word(RecordKind::span_of_function, "work"), 2000, 3000, bench.context(slot, 1, id).bits});
      bench.drain();
    }
  }
  return live;
}

std::uint64_t literal(const char* text) { return record_word(RecordKind::span, text); }

}  // namespace

TEST_SUITE_BEGIN("collect/assembler");

TEST_CASE("a tree is rebuilt from ids, whatever the order of the records") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  bench.put({literal("Custom/grandchild"), 3000, 4000, bench.context(slot, 70, 3).bits});
  bench.put({literal("Custom/second"), 5000, 6000, bench.context(slot, 1, 2).bits});
  bench.put({literal("Custom/first"), 2000, 4500, bench.context(slot, 1, 70).bits});
  CHECK(bench.build(slot) == "Job/a 1000-9000, Custom/first 2000-4500, Custom/grandchild 3000-4000, Custom/second 5000-6000");
}

TEST_CASE("a span follows its parent, whatever has started in between") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  bench.put({literal("Custom/first"), 2000, 6000, bench.context(slot, 1, 2).bits});
  bench.put({literal("Custom/second"), 3000, 7000, bench.context(slot, 1, 3).bits});
  bench.put({literal("Custom/child"), 4000, 5000, bench.context(slot, 2, 4).bits});
  CHECK(bench.build(slot) == "Job/a 1000-9000, Custom/first 2000-6000, Custom/child 4000-5000, Custom/second 3000-7000");
}

TEST_CASE("a span whose parent never arrived hangs on the root") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  bench.put({literal("Custom/orphan"), 2000, 3000, bench.context(slot, 55, 3).bits});
  CHECK(bench.build(slot) == "Job/a 1000-9000, Custom/orphan 2000-3000");
}

TEST_CASE("start, tag and end of a movable span may come in any order; without an end it ends with the transaction") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  const ContextWord moved = bench.context(slot, 1, 2), open = bench.context(slot, 1, 3);
  bench.put({record_word(RecordKind::tag_signed, "n"), 7, 0, moved.bits});
  bench.put({record_word(RecordKind::closed), 0, 3000, moved.bits});
  bench.put({record_word(RecordKind::opened, "HTTP/GET"), 2000, 0, moved.bits});
  bench.put({record_word(RecordKind::opened, "HTTP/PUT"), 2500, 0, open.bits});
  CHECK(bench.build(slot) == "Job/a 1000-9000, HTTP/GET 2000-3000 n=7, HTTP/PUT 2500-9000");
  CHECK(bench.assembler.open_explicit_spans() == 1);
  bench.assembler.release(slot);
  CHECK(bench.assembler.open_explicit_spans() == 0);
  CHECK(bench.assembler.pending_spans() == 0);
}

TEST_CASE("a second end changes nothing") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  const ContextWord span = bench.context(slot, 1, 2);
  bench.put({record_word(RecordKind::opened, "HTTP/GET"), 2000, 0, span.bits});
  bench.put({record_word(RecordKind::closed), 0, 3000, span.bits});
  bench.put({record_word(RecordKind::closed), 0, 4000, span.bits});
  CHECK(bench.build(slot) == "Job/a 1000-9000, HTTP/GET 2000-3000");
  CHECK(bench.assembler.open_explicit_spans() == 0);
}

TEST_CASE("a name that lies across the ring's end arrives whole") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  const ContextWord span = bench.context(slot, 1, 2);
  bench.buffer().head = bench.buffer().tail = 512 - 64;  // the text's last 8 bytes come first in the ring
  const std::string name = "Custom/0123456789abcdefghijklmnopqrstuvw";
  *bench.buffer().slot(512 - 64) = {record_word(RecordKind::name, 0, static_cast<std::uint32_t>(name.size())), 0, 0, span.bits};
  __builtin_memcpy(bench.buffer().ring() + 512 - 32, name.data(), 32);
  __builtin_memcpy(bench.buffer().ring(), name.data() + 32, name.size() - 32);
  bench.buffer().head += 96;
  bench.put({record_word(RecordKind::span_named), 2000, 3000, span.bits});
  CHECK(bench.build(slot) == "Job/a 1000-9000, " + name + " 2000-3000");
}

TEST_CASE("what comes after its transaction is counted as late, each span once") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  const ContextWord first = bench.context(slot, 1, 2), second = bench.context(slot, 1, 3);
  bench.drain();
  bench.assembler.release(slot);
  bench.put({literal("Custom/late"), 2000, 3000, first.bits});
  bench.put({record_word(RecordKind::opened, "HTTP/GET"), 2000, 0, second.bits});
  bench.put({record_word(RecordKind::closed), 0, 3000, second.bits});
  bench.put({record_word(RecordKind::tag_signed, "n"), 7, 0, second.bits});
  bench.drain();
  CHECK(bench.assembler.late_spans() == 2);
  CHECK(bench.assembler.dropped_tags() == 1);
}

TEST_CASE("the slot's next transaction begins empty") {
  AssemblerBench bench;
  TransactionSlot& slot = bench.start("Job/a");
  bench.put({literal("Custom/a"), 2000, 3000, bench.context(slot, 1, 2).bits});
  bench.drain();
  bench.assembler.release(slot);
  TransactionSlot& next = bench.start("Job/b");
  REQUIRE(&next == &slot);
  CHECK(bench.build(next) == "Job/b 1000-9000");
}

TEST_CASE("transactions as those before need no memory of their own") {
  AssemblerBench bench;
  std::size_t idle = 0, busy = 0, own = 0;
  for (int round = 0; round < 2; ++round) {
    idle = allocated();
    const auto live = many(bench, 400, 12);
    busy = allocated();
    own = live.capacity() * sizeof live[0];
    for (TransactionSlot* slot : live) bench.assembler.release(*slot);
  }
  CHECK(busy < idle + own + 1024);
}

TEST_CASE("of transactions with many spans, not all memory is kept") {
  AssemblerBench bench;
  const std::size_t before = allocated();
  for (TransactionSlot* slot : many(bench, 100, 2000)) bench.assembler.release(*slot);
  CHECK(allocated() < before + 3 * 1024 * 1024);
}

TEST_SUITE_END();
