#ifndef SCOUT_COLLECT_COLLECTOR_HPP
#define SCOUT_COLLECT_COLLECTOR_HPP

// Takes records out of all rings, completes transactions and hands them to the sink. It has no thread of its own: whoever
// calls it (collector_thread.hpp, a test, the end of the process) does so under one lock, one caller at a time.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "../buffer/registry.hpp"
#include "../buffer/span_ids.hpp"
#include "../config/final_config.hpp"
#include "../log/log.hpp"
#include "../sink/sink_table.hpp"
#include "assembler.hpp"
#include "delivery_watch.hpp"
#include "loss_report.hpp"
#include "metadata.hpp"
#include "process_metrics.hpp"
#include "repeated_statements.hpp"
#include "sampler.hpp"
#include "stats.hpp"
#include "timeline.hpp"
#include "trace_builder.hpp"

namespace scout::inline v0::detail {

class Collector {
 public:
  using Clock = std::chrono::steady_clock;

  // What install() decides; the collector and its account outlive it.
  struct Target {
    const FinalConfig* config;
    const Logger* logger;
    SinkTable sink;
    Timeline timeline;
  };

  Collector(Registry& registry, Target target)
      : registry_(registry), target_(target), assembler_(registry), sampler_(registry.seed.low), cpu_(Clock::now()) {
    publish_thresholds();
  }

  void retarget(Target target) {
    target_ = target;
    has_completed_ = false;
    looked_at_ = 0;  // by another clock
    metrics_due_ = {};
    watch_ = DeliveryWatch(totals_.transactions.delivered);
    publish_thresholds();
  }
  void configure(const FinalConfig& config) noexcept { target_.config = &config; }

  // What one look at everything found; it decides when the next one is due.
  struct Pass {
    bool active = false;       // a transaction is live, or was completed
    bool outstanding = false;  // the sink waits for the other side
    bool progressed = false;   // something was handed to the sink, or settled by it
    bool sends_on = false;     // the sink has sent a part, and can go on at once
    double fullest = 0;        // what was found in a ring, or had ended in the slots, as a part of it
  };

  // Completes, in the order of their ends, the transactions that were over at the last look or ended `grace` before this one:
  // spans of other threads may end a little later than theirs.
  Pass pass() {
    const std::uint64_t grace_ticks = target_.timeline.ticks_of(grace.count()), now = current_ticks(registry_);
    return pass(std::max(looked_at_, now > grace_ticks ? now - grace_ticks : 0));
  }

  // Everything that finished before the call reaches the sink.
  void collect_all() { pass(~std::uint64_t{0}); }

  Expected<void> flush(Deadline deadline) {
    collect_all();
    send_due_metrics();
    const Expected<void> flushed = target_.sink.flush(target_.sink.sink, deadline);
    settle();
    return flushed;
  }

  // The end: what the sink still holds is dropped under `reason`.
  void abandon(Reason reason) {
    if (!target_.sink.is_deferred()) return;
    Settlement settlement;
    target_.sink.abandon(target_.sink.sink, reason, settlement);
    account(settlement);
  }

  // The sink may be gone from now on.
  void leave_sink() {
    SinkStatus status = sink_status();
    if (!status.last_error.empty()) totals_.last_error = std::move(status.last_error);
    target_.sink = {};
  }

  void send_metadata() {
    const Time now = wall_now();
    write_event("scout.metadata", metadata_json(*target_.config, now), now);
  }

  // CPU and memory, as Scout's agents report them: with the first transaction that is over, then once a minute.
  void send_due_metrics() {
    if (!has_completed_ || Clock::now() < metrics_due_) return;
    metrics_due_ = Clock::now() + metrics_interval;
    const Time now = wall_now();
    std::string json;
    if (const auto percent = cpu_.sample(Clock::now())) {
      append_json_number(json, *percent);
      write_event("CPU/Utilization", json, now);
    }
    json.clear();
    append_json_number(json, static_cast<double>(resident_memory()) / mebibyte);
    write_event("Memory/Physical", json, now);
  }

  // What was lost goes into the log: looked at once a second, told once a minute.
  void report_losses() {
    const Clock::time_point now = Clock::now();
    const std::string news = losses_.due(now) ? losses_.news(stats(), now) : std::string();
    if (!news.empty()) target_.logger->write(LogLevel::warning, "scout.request", "lost: {}", news);
  }

  // Drains first, so that at a quiescent moment the account is exact.
  Stats stats() {
    drain();
    settle();
    Stats stats = totals_;
    stats.transactions.started += registry_.forked_transactions + load(registry_.no_memory_transactions);
    stats.transactions.dropped[Reason::forked] += registry_.forked_transactions;
    stats.transactions.dropped[Reason::no_memory] += load(registry_.no_memory_transactions);
    stats.spans.started += registry_.forked_spans;
    stats.spans.dropped[Reason::forked] += registry_.forked_spans;
    stats.spans.dropped[Reason::late] += assembler_.late_spans();
    stats.spans.dropped[Reason::no_memory] += assembler_.no_memory_spans();
    stats.spans.live += assembler_.pending_spans();
    stats.interrupted += load(registry_.busy_buffer->interrupted);
    stats.dropped_tags += assembler_.dropped_tags();
    stats.cut_tags += assembler_.cut_tags();
    each_buffer([&](ThreadBuffer& buffer) { add_counters(stats, buffer); });
    registry_.transactions.each_taken([&](TransactionSlot& slot) {
      stats.transactions.live += __atomic_load_n(&slot.phase, __ATOMIC_ACQUIRE) != TransactionSlot::free;
    });
    SinkStatus status = sink_status();
    stats.connected = status.connected;
    if (!status.last_error.empty()) stats.last_error = std::move(status.last_error);
    return stats;
  }

  bool any_live() const noexcept { return registry_.transactions.any_taken(); }
  Clock::time_point metrics_due() const noexcept { return metrics_due_; }

  static constexpr std::chrono::seconds metrics_interval{60};

 private:
  static constexpr double mebibyte = 1024 * 1024;
  static constexpr std::chrono::duration<double> grace{1e-3};

  // Of those that ended after `until` (ticks) it notes only that they are there.
  Pass pass(std::uint64_t until) {
    Pass found;
    finished_.clear();  // of a pass that found no memory
    memory_ = -1;
    look_at_clocks();
    publish_thresholds();
    store(registry_.process->pressed, 0u);
    look_for_finished(until, found);
    found.fullest = std::max(found.fullest, drain());  // what was recorded before those ends is seen now
    found.progressed = !finished_.empty();
    // What was answered meanwhile leaves its place in the sink, and the cache, to what comes now.
    if (found.progressed && totals_.transactions.live != 0) settle();
    std::sort(finished_.begin(), finished_.end(),
              [](const TransactionSlot* left, const TransactionSlot* right) { return left->stop < right->stop; });
    for (TransactionSlot* const slot : finished_) complete(*slot);
    finished_.clear();
    const std::uint64_t unsettled = totals_.transactions.live;
    found.outstanding = settle();
    found.progressed |= totals_.transactions.live != unsettled;
    found.sends_on = sends_on_;
    if (watch_.overdue(Clock::now(), totals_.transactions.delivered)) report_silence();
    looked_at_ = current_ticks(registry_);
    return found;
  }

  // At first until the counter's rate is known: what comes in nanoseconds is converted at it. A counter that stands still has none.
  void look_at_clocks() noexcept {
    constexpr int enough = 20'000;
    for (int i = 0; i < enough; ++i) {
      target_.timeline.anchor(Anchor::now());
      if (target_.timeline.is_measured()) return;
    }
  }

  static Time wall_now() { return std::chrono::system_clock::now(); }

  // From when on a span is slow, and a statement repeated too often. Each thread has the first beside its ring.
  void publish_thresholds() {
    Settings& settings = registry_.settings;
    const FinalConfig& config = *target_.config;
    store(settings.repeat_count, static_cast<std::uint32_t>(config.n_plus_one_count));
    publish_ticks(settings.repeat_ticks, target_.timeline.ticks_of(config.n_plus_one_seconds));
    const bool keeps_stacks = config.slow_span_seconds > 0;
    publish_ticks(settings.slow_ticks, keeps_stacks ? target_.timeline.ticks_of(config.slow_span_seconds) : ~std::uint64_t{0});
    each_buffer([slow_ticks = load(settings.slow_ticks)](ThreadBuffer& buffer) {
      if (load(buffer.slow_ticks) != slow_ticks) store(buffer.slow_ticks, slow_ticks);
    });
  }

  template <class Visit>
  void each_buffer(Visit visit) {
    const std::uint32_t count = __atomic_load_n(&registry_.buffer_count, __ATOMIC_ACQUIRE);
    for (std::uint32_t index = 0; index < count; ++index) visit(*registry_.buffers[index].buffer);
  }

  double drain() {
    double fullest = 0;
    each_buffer([&](ThreadBuffer& buffer) {
      if (!__atomic_load_n(&buffer.in_use, __ATOMIC_ACQUIRE)) return;
      const bool ended = owner_has_ended(buffer);  // before the last look, so that nothing can come after it
      const double found =
          static_cast<double>(assembler_.drain(buffer, target_.timeline)) / static_cast<double>(buffer.capacity());
      fullest = found > fullest ? found : fullest;
      if (ended) recycle(buffer);
    });
    store(registry_.open_explicit_spans, assembler_.open_explicit_spans());
    return fullest;
  }

  // The thread holds its robust mutex as long as it lives.
  static bool owner_has_ended(ThreadBuffer& buffer) noexcept {
    const int result = pthread_mutex_trylock(&buffer.owner);
    if (result == EBUSY) return false;
    if (result == EOWNERDEAD) pthread_mutex_consistent(&buffer.owner);
    pthread_mutex_unlock(&buffer.owner);
    return true;
  }

  // Makes the ring of an ended thread ready for another one. What it had open can never end.
  void recycle(ThreadBuffer& buffer) {
    const std::uint32_t unfinished = buffer.open_places() - load(buffer.forked_open);
    totals_.spans.dropped[Reason::unfinished] += unfinished;
    const std::uint32_t depth = std::min(load(buffer.explicit_depth), ThreadBuffer::explicit_depth_limit);
    for (std::uint32_t i = 0; i < depth; ++i) {
      const ThreadBuffer::ExplicitFrame& frame = buffer.explicit_frames[i];
      if (!ContextWord{load(frame.previous)}.in_transaction()) drop_unfinished(ContextWord{load(frame.own)});
    }
    return_ids(buffer, {load(buffer.context)});
    store(buffer.spare, load(buffer.granted) - load(buffer.head));
    store(buffer.forked_open, 0u);
    store(buffer.explicit_depth, 0u);
    store<std::uint64_t>(buffer.context, no_context);
    RegistryLock lock(registry_);
    __atomic_store_n(&buffer.in_use, false, __ATOMIC_RELEASE);
    registry_.buffers[buffer.index].free = true;
  }

  // A transaction of start() whose thread ended without stop().
  void drop_unfinished(ContextWord root) {
    TransactionSlot* const slot = registry_.transactions.find(root);
    std::uint32_t expected = TransactionSlot::live_phase(root);
    if (slot == nullptr || !__atomic_compare_exchange_n(&slot->phase, &expected, TransactionSlot::starting, false,
                                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      return;
    }
    totals_.transactions.dropped[Reason::unfinished] += 1;
    totals_.spans.dropped[Reason::unfinished] += assembler_.assembly(*slot).pending_spans();
    assembler_.release(*slot);
  }

  // Resident, as this pass has found it.
  std::int64_t memory() noexcept {
    if (memory_ < 0) memory_ = resident_memory();
    return memory_;
  }

  // Notes the transactions that have finished, what part they are of the slots that no live one has, and whether there are any.
  void look_for_finished(std::uint64_t until, Pass& found) {
    std::uint32_t finished = 0, live = 0;
    registry_.transactions.each_taken([&](TransactionSlot& slot) {
      const std::uint32_t phase = __atomic_load_n(&slot.phase, __ATOMIC_ACQUIRE);  // pairs with finish_root()
      if (phase == TransactionSlot::finished) {
        ++finished;
        if (slot.stop <= until) finished_.push_back(&slot);
        return;
      }
      ++live;
      if (!TransactionSlot::is_live(phase)) return;
      Assembly& assembly = assembler_.assembly(slot);
      if (assembly.first_memory < 0) assembly.first_memory = memory();
    });
    registry_.transactions.set_live(live);
    found.active = finished + live != 0;
    if (finished != 0) found.fullest = static_cast<double>(finished) / (slot_count - live);
  }

  void complete(TransactionSlot& slot) {
    has_completed_ = true;
    if (!guarded([&] { decide(slot); })) {
      count(totals_.transactions.dropped[Reason::no_memory], totals_.spans.dropped[Reason::no_memory],
            assembler_.pending_spans(slot));
    }
    assembler_.release(slot);
  }

  void decide(TransactionSlot& slot) {
    Assembly& assembly = assembler_.assembly(slot);
    const std::uint64_t spans = assembly.pending_spans();
    const std::uint32_t flags = load(slot.flags);
    const Sampler::Marks marks{(flags & TransactionSlot::ignored) != 0, (flags & TransactionSlot::path_ignored) != 0};
    switch (sampler_.decide(*target_.config, root_operation(slot, assembly), marks)) {
      case Verdict::send: deliver(slot, assembly, spans); break;
      case Verdict::sampled_out: count(totals_.transactions.sampled_out, totals_.spans.sampled_out, spans); break;
      case Verdict::ignored: count(totals_.transactions.ignored, totals_.spans.ignored, spans); break;
    }
  }

  void report_silence() {
    const std::string error = sink_status().last_error;
    target_.logger->write(LogLevel::warning, "scout.request", "nothing has arrived in {} seconds: {}",
                          DeliveryWatch::patience.count(),
                          !error.empty()                ? error
                          : !totals_.last_error.empty() ? totals_.last_error
                                                        : "the core agent does not answer");
  }

  SinkStatus sink_status() { return target_.sink.status == nullptr ? SinkStatus{} : target_.sink.status(target_.sink.sink); }

  void deliver(TransactionSlot& slot, Assembly& assembly, std::uint64_t spans) {
    if (!watch_.has_begun()) watch_.handed_over(Clock::now());
    own_tags_.clear();
    if (const std::uint32_t refused = load(slot.refused_spans); refused != 0) {
      if (load(slot.claimed) >= registry_.settings.span_cap) own_tags_.push_back({"scout.reached_span_cap", "true"});
      own_tags_.push_back({"scout.dropped_spans", std::to_string(refused)});
    }
    if (target_.config->n_plus_one_tag) {
      std::string json = repeated_statements_.json(assembly, target_.timeline, *target_.config);
      if (!json.empty()) own_tags_.push_back({"n_plus_one", std::move(json)});
    }
    const std::int64_t grown = assembly.first_memory < 0 ? 0 : memory() - assembly.first_memory;
    own_tags_.push_back({"mem_delta", {}});
    append_json_number(own_tags_.back().json, static_cast<double>(grown > 0 ? grown : 0) / mebibyte);
    const Trace trace = builder_.build(slot, registry_.transactions.number(slot), registry_.seed, assembly, target_.timeline, own_tags_,
                                       target_.config->application_root);
    const Expected<void> written = target_.sink.write(target_.sink.sink, trace);
    if (!written) {
      note_error(written.error());
      const Reason reason = drop_reason(written.error().code);
      count(totals_.transactions.dropped[reason], totals_.spans.dropped[reason], spans);
    } else if (target_.sink.is_deferred()) {
      count(totals_.transactions.live, totals_.spans.live, spans);
    } else {
      count(totals_.transactions.delivered, totals_.spans.delivered, spans);
    }
  }

  static void count(std::uint64_t& transactions, std::uint64_t& spans, std::uint64_t span_count) noexcept {
    transactions += 1;
    spans += span_count;
  }

  // Moves the sink on; true: it has more to do.
  bool settle() {
    if (!target_.sink.is_deferred()) return false;
    Settlement settlement;
    const bool outstanding = target_.sink.service(target_.sink.sink, settlement);
    account(settlement);
    sends_on_ = settlement.sends_on;
    return outstanding;
  }

  void account(const Settlement& settlement) noexcept {
    totals_.redelivered += settlement.redelivered_transactions;
    const auto add = [](Ledger& ledger, std::uint64_t delivered, const Drops& dropped) {
      ledger.delivered += delivered;
      for (std::size_t i = 0; i < reason_count; ++i) ledger.dropped.counts[i] += dropped.counts[i];
      ledger.live -= delivered + dropped.total();
    };
    totals_.dropped_tags += settlement.dropped_tags;
    add(totals_.transactions, settlement.delivered_transactions, settlement.dropped_transactions);
    add(totals_.spans, settlement.delivered_spans, settlement.dropped_spans);
  }

  static void add_counters(Stats& stats, const ThreadBuffer& buffer) noexcept {
    stats.transactions.started += load(buffer.started_transactions);
    stats.spans.started += buffer.started_spans();
    stats.spans.ignored += load(buffer.ignored_spans);
    stats.spans.live += buffer.open_places() - load(buffer.forked_open);
    stats.dropped_tags += load(buffer.dropped_tags);
    stats.interrupted += load(buffer.interrupted);
    for (std::size_t i = 0; i < reason_count; ++i) {
      stats.spans.dropped.counts[i] += load(buffer.dropped.counts[i]);
      stats.transactions.dropped.counts[i] += load(buffer.dropped_transactions.counts[i]);
    }
  }

  void write_event(std::string_view type, std::string_view json, Time now) {
    const std::string source = "Pid: " + std::to_string(::getpid());
    const Expected<void> written = target_.sink.write_event(target_.sink.sink, ApplicationEvent(type, json, source, now));
    if (!written) note_error(written.error());
  }

  void note_error(const Error& error) {
    totals_.last_error = error.message;
    if (error_log_.due(Clock::now())) target_.logger->write(LogLevel::warning, "scout.request", error.message);
  }

  Registry& registry_;
  Target target_;
  Assembler assembler_;
  TraceBuilder builder_;
  RepeatedStatements repeated_statements_;
  Sampler sampler_;
  CpuMeter cpu_;
  OncePerMinute error_log_;
  std::vector<TransactionSlot*> finished_;
  std::uint64_t looked_at_ = 0;  // ticks; the end of the last look
  std::vector<TraceBuilder::RequestTag> own_tags_;
  Stats totals_;  // what was decided and delivered here; live: in the sink
  std::int64_t memory_ = -1;  // bytes; -1: not looked at in this pass
  bool has_completed_ = false;
  bool sends_on_ = false;  // the sink, when it was last asked
  Clock::time_point metrics_due_{};
  DeliveryWatch watch_{0};
  LossReport losses_;
};

}  // namespace scout::inline v0::detail

#endif
