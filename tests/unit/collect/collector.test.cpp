#include <scout/collect/collector_thread.hpp>
#include <scout/config/finalize.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plain_memory.hpp"

using namespace scout::detail;

namespace {

struct Operations {
  scout::Expected<void> write(const scout::Trace& trace) {
    seen.emplace_back(trace.operation());
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  std::vector<std::string> seen;
};

// A collector without its thread, and a registry whose clock, in nanoseconds, stands where the test puts it.
class CollectorBench : AgentHooks {
 public:
  CollectorBench()
      : AgentHooks{}, registry_(zeroed<Registry>()), process_(zeroed<ProcessState>()), busy_buffer_(zeroed<ThreadBuffer>()) {
    now = [](AgentHooks& self) noexcept { return static_cast<CollectorBench&>(self).time; };
    registry_->settings = Settings{};
    registry_->process = process_.get();
    registry_->busy_buffer = busy_buffer_.get();
    registry_->hooks = this;
    store_state(*registry_, Recording::slow_clock);
  }

  void start() {
    TransactionSlot& slot = *registry_->transactions.acquire(0);
    const ContextWord context = ContextWord::root_of(registry_->transactions.transaction(slot));
    __atomic_store_n(&slot.phase, TransactionSlot::live_phase(context), __ATOMIC_RELEASE);
  }
  // A transaction that is over since then.
  void finish(const char* operation, std::uint64_t stop) {
    TransactionSlot& slot = *registry_->transactions.acquire(0);
    slot.operation = record_word(RecordKind::span, operation);
    slot.flags = 0;
    ++slot.incarnation;
    slot.start = stop - 1;
    slot.stop = stop;
    __atomic_store_n(&slot.phase, TransactionSlot::finished, __ATOMIC_RELEASE);
  }
  Collector::Target target() { return {&config_, &logger_, sink_table(sink), Timeline(0)}; }
  Collector collector() { return Collector(*registry_, target()); }
  Registry& registry() { return *registry_; }

  std::uint64_t time = 1'000'000'000'000;
  Operations sink;
  std::vector<std::string> logged;

 private:
  Zeroed<Registry> registry_;
  Zeroed<ProcessState> process_;
  Zeroed<ThreadBuffer> busy_buffer_;
  scout::FinalConfig config_ = scout::finalize({.name = "collector test"});
  scout::Logger logger_{scout::LogLevel::warning,
                        [this](scout::LogLevel, std::string_view, std::string_view message) { logged.emplace_back(message); }};
};

}  // namespace

TEST_SUITE_BEGIN("collect/collector");

TEST_CASE("a transaction that has just ended waits for one more look, so that spans of other threads may end with it") {
  CollectorBench bench;
  Collector collector = bench.collector();
  bench.finish("Job/just now", bench.time);
  CHECK(collector.pass().active);
  CHECK(bench.sink.seen.empty());
  bench.time += 1000;
  collector.pass();
  CHECK(bench.sink.seen == std::vector<std::string>{"Job/just now"});
}

TEST_CASE("one that ended a millisecond before a look is complete in it") {
  CollectorBench bench;
  Collector collector = bench.collector();
  bench.finish("Job/before", bench.time - 1'000'000);
  bench.finish("Job/just now", bench.time - 999'999);
  collector.pass();
  CHECK(bench.sink.seen == std::vector<std::string>{"Job/before"});
}

TEST_CASE("looks at the clock of an earlier installation do not count") {
  CollectorBench bench;
  Collector collector = bench.collector();
  collector.pass();
  bench.time = 5'000'000;
  collector.retarget(bench.target());
  bench.finish("Job/just now", bench.time);
  collector.pass();
  CHECK(bench.sink.seen.empty());
}

TEST_CASE("a flush waits for nothing") {
  CollectorBench bench;
  Collector collector = bench.collector();
  bench.finish("Job/just now", bench.time);
  CHECK(collector.flush(scout::Deadline::max()));
  CHECK(bench.sink.seen == std::vector<std::string>{"Job/just now"});
}

TEST_CASE("transactions that ended fill the slots as records fill a ring, those that live only narrow them") {
  CollectorBench bench;
  Collector collector = bench.collector();
  for (int i = 0; i < 1024; ++i) bench.finish("Job/a", bench.time);
  CHECK(collector.pass().fullest == 0.25);
  CHECK(collector.pass().fullest == 0.25);  // that look completed them
  CHECK(collector.pass().fullest == 0);
  for (int i = 0; i < 2048; ++i) bench.start();
  for (int i = 0; i < 1024; ++i) bench.finish("Job/a", bench.time);
  CHECK(collector.pass().fullest == 0.5);
  CHECK(collector.flush(scout::Deadline::max()));
  CHECK(bench.sink.seen.size() == 2048);
}

TEST_CASE("a look tells whether the sink sends on") {
  struct : Operations {
    bool service(scout::Settlement& settlement) {
      settlement.sends_on = sends_on;
      return true;
    }
    void abandon(scout::Reason, scout::Settlement&) {}
    scout::SinkStatus status() const { return {}; }

    bool sends_on = true;
  } sink;
  CollectorBench bench;
  Collector::Target target = bench.target();
  target.sink = sink_table(sink);
  Collector collector(bench.registry(), target);
  CHECK(collector.pass().sends_on);
  sink.sends_on = false;
  CHECK(!collector.pass().sends_on);
}

TEST_CASE("what a look without memory has found is sent once") {
  struct : Operations {
    bool service(scout::Settlement&) {
      if (std::exchange(no_memory, false)) throw std::bad_alloc();
      return false;
    }
    void abandon(scout::Reason, scout::Settlement&) {}
    scout::SinkStatus status() const { return {}; }

    bool no_memory = false;
  } sink;
  CollectorBench bench;
  Collector::Target target = bench.target();
  target.sink = sink_table(sink);
  Collector collector(bench.registry(), target);
  bench.finish("Job/first", bench.time - 1'000'000);
  collector.pass();
  bench.finish("Job/second", bench.time - 1'000'000);
  sink.no_memory = true;
  CHECK_THROWS_AS(collector.pass(), std::bad_alloc);
  collector.pass();
  CHECK(sink.seen == std::vector<std::string>{"Job/first", "Job/second"});
}

TEST_CASE("the first look knows the counter's rate: what the application says in nanoseconds is converted at it") {
  CollectorBench bench;
  const Anchor before = Anchor::now();
  Collector::Target target = bench.target();
  target.timeline = Timeline();
  Collector collector(bench.registry(), target);
  collector.pass();
  Anchor after = before;
  while (after.steady - before.steady < 5'000'000) after = Anchor::now();
  const double ticks_a_nanosecond = static_cast<double>(after.ticks - before.ticks) / static_cast<double>(after.steady - before.steady);
  const double half_a_second = static_cast<double>(bench.registry().settings.slow_ticks) / ticks_a_nanosecond;
  CHECK(half_a_second > 0.48e9);
  CHECK(half_a_second < 0.52e9);
}

TEST_CASE("what was lost is in the log") {
  CollectorBench bench;
  Collector collector = bench.collector();
  bench.registry().no_memory_transactions = 2;
  collector.report_losses();
  CHECK(bench.logged == std::vector<std::string>{"lost: 2 transactions (2 no_memory)"});
}

TEST_CASE("losses are told once a minute, and only what is new") {
  using scout::Reason;
  LossReport report;
  scout::Stats stats;
  LossReport::TimePoint now{};
  CHECK(report.due(now));
  CHECK(!report.due(now + std::chrono::milliseconds(999)));
  CHECK(report.due(now + std::chrono::seconds(1)));
  CHECK(report.news(stats, now) == "");
  stats.transactions.dropped[Reason::buffer_full] = 2;
  stats.spans.dropped[Reason::buffer_full] = 6;
  stats.spans.dropped[Reason::ring_full] = 1;
  CHECK(report.news(stats, now) == "2 transactions (2 buffer_full), 7 spans (1 ring_full, 6 buffer_full)");
  stats.spans.dropped[Reason::ring_full] = 5;
  CHECK(report.news(stats, now + std::chrono::seconds(59)) == "");
  stats.dropped_tags = 3;
  now += std::chrono::seconds(60);
  CHECK(report.news(stats, now) == "4 spans (4 ring_full), 3 tags");
  CHECK(report.news(stats, now + std::chrono::hours(1)) == "");
}

TEST_CASE("what was open in the parent of a forked process is not lost") {
  scout::Stats stats;
  stats.transactions.dropped[scout::Reason::forked] = stats.spans.dropped[scout::Reason::forked] = 1;
  CHECK(LossReport().news(stats, {}) == "");
}

TEST_CASE("a flush that comes after the end leaves the sink alone: it may be gone") {
  struct : Operations {
    scout::Expected<void> flush(scout::Deadline) { return ++flushes, scout::Expected<void>(); }

    int flushes = 0;
  } sink;
  CollectorBench bench;
  Collector::Target target = bench.target();
  target.sink = sink_table(sink);
  Collector collector(bench.registry(), target);
  CollectorThread thread(bench.registry(), collector);
  CHECK(thread.stop(scout::Deadline::max()));
  CHECK(thread.flush(scout::Deadline::max()));
  CHECK(sink.flushes == 1);
}

TEST_CASE("a ring that fills faster than it is read is looked at again at once; where nothing comes the looks become rare") {
  using namespace std::chrono_literals;
  const auto after = [](std::chrono::microseconds wait, double fullest) {
    return CollectorThread::next_wait(wait, wait, {.active = true, .fullest = fullest});
  };
  CHECK(after(25ms, 0.7) == 0us);
  CHECK(after(0us, 0.3) == 50us);
  CHECK(after(10ms, 0.4) == 5ms);
  CHECK(after(10ms, 0.2) == 10ms);
  CHECK(after(10ms, 0.15) > 10ms);
  CHECK(after(25ms, 0) == 50ms);
  CHECK(after(300ms, 0) == 400ms);
  // The thread came late: the ring took less to fill than was waited for.
  CHECK(CollectorThread::next_wait(200ms, 2ms, {.active = true, .fullest = 0.4}) == 1ms);
}

TEST_SUITE_END();
