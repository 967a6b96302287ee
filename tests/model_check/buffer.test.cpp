// The ring, the slots and the registry as they ship, with the threads that record into them and the collector that reads
// them, in all interleavings of what each test says.

#include "model_clock.hpp"

#include <scout/buffer/registry_lookup.hpp>
#include <scout/collect/collector.hpp>
#include <scout/scout.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "explorer.hpp"

using namespace scout::detail;

namespace {

using Tag = std::pair<std::string, std::string>;

// What the collector delivered.
struct Delivered {
  std::string operation;
  std::vector<std::string> spans;   // operations, "parent/child", in the order of the trace
  std::vector<Tag> tags;            // of all of them; values as JSON
  std::vector<std::string> tagged;  // the span of each tag
};
class Sink {
 public:
  std::vector<Delivered> traces;

  scout::Expected<void> write(const scout::Trace& trace) {
    Delivered delivered{std::string(trace.operation()), {}, {}, {}};
    std::map<std::uint64_t, std::string> names;
    for (const scout::SpanView& span : trace.spans()) {
      model::require(span.start() < span.stop(), "a span stops before it starts");
      const std::string path = names[span.parent().low] + '/' + std::string(span.operation());
      names[span.id().low] = path;
      delivered.spans.push_back(path);
      for (const scout::TagView& tag : span.tags()) {
        delivered.tags.emplace_back(tag.key(), tag.json());
        delivered.tagged.push_back(path);
      }
    }
    traces.push_back(std::move(delivered));
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }
};

// A process with an agent. Its registry is the one that this program's objects share; begin() is for set_up.
class Process {
 public:
  Process() {
    model::set_thread_local_word(&thread_buffer);
    config_.slow_span_seconds = 0;
    config_.n_plus_one_tag = false;
  }
  ~Process() { model::set_thread_local_word(nullptr); }

  void begin(std::uint32_t records, Recording recording = Recording::on) {
    registry().settings.ring_size = records * static_cast<std::uint32_t>(sizeof(Record));
    registry().settings.span_cap = 100;
    registry().seed = {1, 2};
    change_state(registry(), recording);
    sink.traces.clear();
    collector = std::make_unique<Collector>(registry(), Collector::Target{&config_, &logger_, sink_table(sink), Timeline(0)});
  }

  Registry& registry() { return *registry_slot; }
  void look() { collector->collect_all(); }
  // After the threads: nothing is left in a ring, and everything that was started is accounted for.
  scout::Stats end() {
    collector->collect_all();
    scout::Stats stats = collector->stats();
    model::require(stats.transactions.balanced(), "the account of transactions does not balance");
    model::require(stats.spans.balanced(), "the account of spans does not balance");
    model::require(stats.transactions.delivered == sink.traces.size(), "delivered is not what was delivered");
    for (std::uint32_t i = 0; i < registry().buffer_count; ++i) {
      model::require(registry().buffers[i].buffer->open_places() == 0, "a place is held by nobody");
    }
    return stats;
  }

  Sink sink;
  std::unique_ptr<Collector> collector;

 private:
  scout::FinalConfig config_;
  scout::Logger logger_{scout::LogLevel::off};
};

OpenSpan start(const char* operation) { return start_span(record_word(RecordKind::span, operation)); }
OpenSpan start_job(const char* operation) { return start_root(record_word(RecordKind::span, operation), {"", 0}, {"", 0}); }

bool find_slot(Process& process, ContextWord context) { return process.registry().transactions.find(context) != nullptr; }

// Explores, says how much there was, and returns what went wrong.
std::string explored(const char* name, const model::Scenario& scenario) {
  const model::Outcome outcome = model::explore(scenario);
  std::printf("%s: %llu executions, and %llu begun that were one of these\n", name,
              static_cast<unsigned long long>(outcome.executions), static_cast<unsigned long long>(outcome.repeated));
  return outcome.violation;
}

}  // namespace

TEST_SUITE_BEGIN("model_check/buffer");

TEST_CASE("a thread of three spans with a ring of two records, and a collector that looks twice") {
  Process process;
  static constexpr const char* names[] = {"a", "b", "c"};
  std::vector<std::string> recorded;
  const auto application = [&] {
    const OpenSpan job = start_job("job");
    for (const char* const name : names) {
      const OpenSpan span = start(name);
      if (span.context.in_transaction()) recorded.push_back(std::string("/job/") + name);
      end_span(span);
    }
    finish_root(job.context);
  };
  const auto collector = [&] {
    process.look();
    process.look();
  };
  const auto judge = [&] {
    const scout::Stats stats = process.end();
    model::require(stats.transactions.delivered == 1, "the transaction was not delivered");
    model::require(stats.spans.delivered == recorded.size(), "not all spans that were recorded are delivered");
    model::require(stats.spans.delivered + stats.spans.dropped[scout::Reason::ring_full] == 3, "a span is not accounted for");
    recorded.insert(recorded.begin(), "/job");
    model::require(process.sink.traces[0].spans == recorded, "the trace is not what was recorded");
  };
  CHECK(explored("ring", {.set_up =
                              [&] {
                                process.begin(2);
                                attach_thread();  // for the threads: theirs does not end
                                recorded.clear();
                              },
                          .threads = {application, collector},
                          .judge = judge}) == "");
}

// Tags that go round a ring, and a collector that looks once. The last one lies at the ring's end.
static std::string explored_texts(const char* name, std::uint32_t records, const std::vector<Tag>& tags) {
  Process process;
  std::vector<Tag> recorded;
  bool all_recorded = false;  // in some execution: that is the one this is about
  const auto application = [&] {
    const OpenSpan job = start_job("job");
    const OpenSpan span = start("a");
    for (const auto& [key, value] : tags) {
      if (put_tag(*thread_buffer, span.context, std::string_view(key), std::string_view(value))) {
        recorded.emplace_back(key, '"' + value + '"');
      }
    }
    end_span(span);
    finish_root(job.context);
  };
  const auto judge = [&] {
    const scout::Stats stats = process.end();
    all_recorded |= stats.dropped_tags == 0;
    model::require(stats.dropped_tags == tags.size() - recorded.size(), "a refused tag is not counted");
    model::require(process.sink.traces.size() == 1 && process.sink.traces[0].tags == recorded, "the tags are not as recorded");
  };
  std::string wrong = explored(name, {.set_up =
                                          [&] {
                                            process.begin(records);
                                            attach_thread();
                                            recorded.clear();
                                          },
                                      .threads = {application, [&] { process.look(); }},
                                      .judge = judge});
  return wrong.empty() && !all_recorded ? "the ring never had room for the last" : wrong;
}

TEST_CASE("three long values that go round a ring of eight records, and a collector that looks once") {
  CHECK(explored_texts("values", 8,
                       {{"one", std::string(35, '1')}, {"two", std::string(35, '2')}, {"six", std::string(35, '6')}}) == "");
}

TEST_CASE("five long keys that go round a ring of sixteen records, and a collector that looks once") {
  std::vector<Tag> tags;
  for (const char letter : {'a', 'b', 'c', 'd'}) tags.emplace_back(std::string(35, letter), "1");
  tags.emplace_back(std::string(100, 'e'), "2");
  CHECK(explored_texts("keys", 16, tags) == "");
}

TEST_CASE("three threads that take a slot and free it") {
  Process process;
  const auto application = [&] {
    TransactionSlots& slots = process.registry().transactions;
    TransactionSlot* const slot = slots.acquire(0);
    model::require(slot != nullptr, "there is no slot");
    model::require(slot->generation != 0, "a slot that is taken has no generation");
    slot->start = read_ticks();  // plain: a race, should it belong to another thread too
    store<std::uint32_t>(slot->phase, TransactionSlot::starting);
    slots.release(*slot);
  };
  const auto judge = [&] { model::require(!process.registry().transactions.any_taken(), "a slot that was freed is taken"); };
  CHECK(explored("slots",
                 {.set_up = [&] { process.begin(4); }, .threads = {application, application, application}, .judge = judge}) ==
        "");
}

TEST_CASE("a thread that ends with a span open, and a collector that looks twice") {
  Process process;
  const auto application = [&] {
    const OpenSpan job = start_job("job");
    end_span(start("a"));
    start("never ends");
    finish_root(job.context);
  };
  const auto judge = [&] {
    const scout::Stats stats = process.end();
    model::require(stats.transactions.delivered == 1 && stats.spans.delivered == 1, "what ended is not delivered");
    model::require(stats.spans.dropped[scout::Reason::unfinished] == 1, "the span that was open is not counted");
    model::require(process.registry().buffers[0].free, "the ring is not free");
  };
  CHECK(explored("end", {.set_up = [&] { process.begin(4); },
                         .threads = {application,
                                     [&] {
                                       process.look();
                                       process.look();
                                     }},
                         .judge = judge}) == "");
}

TEST_CASE("a thread that ends, one that comes, and a collector that looks once") {
  Process process;
  std::uint64_t written = 0;
  const auto application = [&] {
    ThreadBuffer& buffer = attach_thread();
    model::require(has_room(buffer, sizeof(Record)), "there is no ring");
    append(buffer, {record_word(RecordKind::tag_true, "late"), 0, 0, ContextWord::root_of(slot_count).bits});
    ++written;
  };
  const auto comes = [&] { model::require(attach_thread().registry != nullptr, "there is no ring"); };
  const auto judge = [&] {
    const scout::Stats stats = process.end();
    model::require(written == 1 && stats.dropped_tags == written, "a record was lost, or read twice");
    const std::uint32_t count = process.registry().buffer_count;
    model::require(count == 1 || count == 2, "not a ring for each, or one after the other");
    for (std::uint32_t i = 0; i < count; ++i) {
      model::require(process.registry().buffers[i].free, "the ring of a thread that has ended is not free");
    }
  };
  CHECK(explored("threads", {.set_up =
                                 [&] {
                                   process.begin(4);
                                   written = 0;
                                 },
                             .threads = {application, comes, [&] { process.look(); }},
                             .judge = judge}) == "");
}

TEST_CASE("two threads that come when one ring is free") {
  Process process;
  ThreadBuffer* rings[2] = {};
  const auto comes = [&](ThreadBuffer*& ring) {
    ring = &attach_thread();
    model::require(has_room(*ring, sizeof(Record)), "there is no ring");
    append(*ring, {record_word(RecordKind::tag_true, "late"), 0, 0, ContextWord::root_of(slot_count).bits});
  };
  const auto judge = [&] {
    model::require(rings[0] != rings[1], "two threads have one ring");
    model::require(process.registry().buffer_count == 2, "the ring that was free is not taken");
    model::require(process.end().dropped_tags == 2, "a record was lost, or read twice");
  };
  CHECK(explored("adopted", {.set_up =
                                 [&] {
                                   process.begin(4);
                                   pthread_mutex_unlock(&attach_thread().owner);  // as if this thread had ended
                                   process.look();
                                   thread_buffer = &unattached_buffer;
                                 },
                             .threads = {[&] { comes(rings[0]); }, [&] { comes(rings[1]); }},
                             .judge = judge}) == "");
}

// A thread that records, and a signal handler that does too, anywhere in it.
static std::string explored_handler(const char* name, Recording clock) {
  AgentHooks hooks{};
  hooks.wake = [](AgentHooks&) noexcept {};
  hooks.now = [](AgentHooks&) noexcept { return model::ticks(); };
  Process process;
  const auto application = [&] {
    const OpenSpan job = start_job("job");
    {
      scout::ScopedSpan a{scout::Operation{"a"}};
      a.tag("number", 1);
      scout::ScopedSpan b{scout::Operation{"b"}};
    }
    model::require(load(thread_buffer->context) == job.context.bits, "a span has ended, and the thread is still in it");
    finish_root(job.context);
  };
  const auto handler = [] {
    const scout::BackgroundTransaction transaction{scout::Operation{"handler"}};
    scout::ScopedSpan span{scout::Operation{"inside"}};
    span.tag("number", 1);
  };
  const auto judge = [&] {
    const scout::Stats stats = process.end();
    model::require(stats.dropped_tags == 0 && stats.spans.dropped.total() == 0, "something was dropped");
    std::size_t spans = 0, own = 0, of_handler = 0, own_tags = 0, handler_tags = 0;
    for (const Delivered& trace : process.sink.traces) {
      for (const std::string& span : trace.spans) {
        ++spans;
        own += span == "/job" || span == "/job/a" || span == "/job/a/b";
        of_handler += span.ends_with("/handler") || span.ends_with("/handler/inside");
      }
      for (const std::string& span : trace.tagged) {
        own_tags += span == "/job/a";
        handler_tags += span.ends_with("/handler/inside");
      }
    }
    model::require(own == 3 && own_tags == 1, "the interrupted thread's spans are not as it recorded them");
    model::require(of_handler == spans - own && of_handler <= 2 && handler_tags == of_handler / 2,
                   "the handler's spans are not as it recorded them");
  };
  return explored(name, {.set_up =
                             [&] {
                               process.begin(16, clock);
                               process.registry().hooks = &hooks;
                               attach_thread();
                             },
                         .threads = {application},
                         .judge = judge,
                         .handler = handler});
}

TEST_CASE("a thread that a signal handler which records itself interrupts anywhere") {
  CHECK(explored_handler("signal", Recording::on) == "");
}

TEST_CASE("a thread that a signal handler which records itself interrupts anywhere, with a clock that must be called") {
  CHECK(explored_handler("signal, slow clock", Recording::slow_clock) == "");
}

// Two transactions, one after the other and if the collector is quick in one slot; the first is known to another thread.
template <class Other>
static std::string explored_reuse(const char* name, std::size_t spans_of_first, Other other) {
  Process process;
  std::uint64_t* handed = nullptr;
  ThreadBuffer* buffers[2] = {};
  const auto application = [&] {
    thread_buffer = buffers[0];
    OpenSpan job = start_job("first");
    __atomic_store_n(handed, job.context.bits, __ATOMIC_RELEASE);
    finish_root(job.context);
    job = start_job("second");
    model::require(find_slot(process, job.context), "the second ends before its end");
    finish_root(job.context);
  };
  const auto meanwhile = [&] {
    thread_buffer = buffers[1];
    const ContextWord first{__atomic_load_n(handed, __ATOMIC_ACQUIRE)};
    if (first.in_transaction()) other(first);
  };
  const auto judge = [&] {
    const scout::Stats stats = process.end();
    model::require(stats.transactions.delivered == 2, "not both transactions are delivered");
    for (const Delivered& trace : process.sink.traces) {
      model::require(trace.spans.size() <= (trace.operation == "first" ? spans_of_first : 1),
                     "a span is in the wrong transaction");
    }
  };
  return explored(name, {.set_up =
                             [&] {
                               process.begin(4);
                               handed = static_cast<std::uint64_t*>(map_pages(sizeof *handed, false));
                               buffers[0] = &attach_thread();  // they stay: this thread does not end
                               pthread_setspecific(process.registry().thread_key, nullptr);
                               buffers[1] = &attach_thread();
                             },
                         .threads = {application, meanwhile, [&] { process.look(); }},
                         .judge = judge});
}

TEST_CASE("a transaction that another thread adds a span to while it ends and the next one takes its slot") {
  CHECK(explored_reuse("added", 2, [](ContextWord first) {
          put_new_span(first, {record_word(RecordKind::added_steady, "late"), 1, 2, 0}, {"", 0}, {"", 0});
        }) == "");
}

TEST_CASE("a transaction that two threads end while the next one takes its slot") {
  CHECK(explored_reuse("ended twice", 1, [](ContextWord first) { finish_root(first); }) == "");
}

TEST_CASE("two threads that share the ids of a transaction with a cap of three spans") {
  Process process;
  TransactionSlot* slot = nullptr;
  std::uint64_t* owners = nullptr;
  std::uint32_t granted = 0;
  const auto application = [&] {
    for (int i = 0; i < 2; ++i) {
      const IdRange ids = claim_ids(*slot, 2, 3);
      granted += ids.count;
      for (std::uint32_t id = ids.first; id < ids.first + ids.count; ++id) owners[id] = 1;  // plain: a race, should two have it
    }
  };
  const auto judge = [&] {
    model::require(granted <= 3, "more spans than the cap");
    model::require(load(slot->claimed) == granted, "the count is not what was given out");
  };
  CHECK(explored("ids", {.set_up =
                             [&] {
                               process.begin(4);
                               slot = process.registry().transactions.acquire(0);
                               owners = static_cast<std::uint64_t*>(map_pages(4096, false));
                               granted = 0;
                             },
                         .threads = {application, application},
                         .judge = judge}) == "");
}

TEST_CASE("a collector that goes to sleep while a transaction starts") {
  static bool woken = false;
  bool asleep = false;
  AgentHooks hooks{};
  hooks.wake = [](AgentHooks&) noexcept { woken = true; };
  Process process;
  const auto application = [&] { start_job("job"); };
  // As CollectorThread::sleep() does it.
  const auto collector = [&] {
    __atomic_store_n(&process.registry().process->sleeping, 1u, __ATOMIC_RELAXED);
    model::process_wide_barrier();
    asleep = !process.collector->any_live();
  };
  const auto judge = [&] { model::require(woken || !asleep, "the collector sleeps, and a transaction is live"); };
  CHECK(explored("sleep", {.set_up =
                               [&] {
                                 process.begin(4);
                                 process.registry().hooks = &hooks;
                                 attach_thread();
                                 woken = asleep = false;
                               },
                           .threads = {application, collector},
                           .judge = judge}) == "");
}

TEST_SUITE_END();
