#ifndef SCOUT_AGENT_INSTALLED_AGENT_HPP
#define SCOUT_AGENT_INSTALLED_AGENT_HPP

// The agent of a process: made by the first install(), never destroyed. It owns configuration, log, sink and collector, and
// carries them through shutdown and install again, through a fork, and to the end of the process. Other objects of the
// process reach it through the registry, as a table of functions.

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "../buffer/registry_lookup.hpp"
#include "../collect/collector_thread.hpp"
#include "../collect/stack_capture.hpp"
#include "../config/absolute_path.hpp"
#include "../config/finalize.hpp"
#include "../core/statement.hpp"
#include "../core_agent/core_agent_sink.hpp"
#include "clock_source.hpp"
#include "description.hpp"
#include "launcher.hpp"

namespace scout::inline v0::detail {

// What an installation brings with it; without a sink, traces go to the core agent.
struct Installation {
  Config config;
  std::optional<SinkTable> sink;
  std::optional<SlowClock> clock;
  LauncherTable launcher{};
};

struct AgentTable : AgentHooks {
  bool (*install)(AgentTable& agent, Installation installation);
  void (*configure)(AgentTable& agent, Config config);
  bool (*flush)(AgentTable& agent, std::chrono::milliseconds timeout);
  void (*shutdown)(AgentTable& agent);
  Stats (*stats)(AgentTable& agent);
  std::string (*describe)(AgentTable& agent);
  void (*drain_at_exit)(AgentTable& agent);
};

class InstalledAgent final : public AgentTable {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

 public:
  explicit InstalledAgent(Registry& registry) : AgentTable{}, registry_(registry) {
    (void)AnswerParser();  // before exit() is told of us, so that the answers to what is drained there can be read, in a child as well
    wake = [](AgentHooks& self) noexcept { of(self).on_wake(); };
    forked = [](AgentHooks& self) noexcept { of(self).on_forked(); };
    now = [](AgentHooks& self) noexcept { return of(self).clock_.read(of(self).clock_.clock); };
    capture = capture_stack;
    hash_statement = detail::hash_statement;
    install = [](AgentTable& self, Installation installation) {
      return answered(false, [&] { return of(self).do_install(std::move(installation)); });
    };
    configure = [](AgentTable& self, Config config) {
      answered(false, [&] { return of(self).do_configure(std::move(config)), true; });
    };
    flush = [](AgentTable& self, std::chrono::milliseconds timeout) {
      return answered(false, [&] { return of(self).do_flush(timeout); });
    };
    shutdown = [](AgentTable& self) {
      answered(false, [&] { return of(self).do_shutdown(), true; });
    };
    stats = [](AgentTable& self) { return answered(Stats{}, [&] { return of(self).do_stats(); }); };
    describe = [](AgentTable& self) {
      if (Logger::is_inside_callback()) return std::string("scout " SCOUT_VERSION ", no description within a log callback\n");
      return answered(std::string(), [&] { return of(self).do_describe(); });
    };
    drain_at_exit = [](AgentTable& self) { guarded([&] { of(self).do_drain_at_exit(); }); };
  }

 private:
  // The parts that an installation makes anew.
  struct Engine {
    explicit Engine(FinalConfig final_config)
        : config(std::move(final_config)), logger(config.log_level, config.log_callback) {}

    FinalConfig config;
    Logger logger;
    std::optional<CoreAgentSink> core_agent;
    SinkTable sink{};
  };

  struct Published {
    explicit Published(std::vector<std::string> copied) : texts(std::move(copied)) {
      for (const auto& text : texts) views.push_back({text.data(), text.size()});
    }

    std::vector<std::string> texts;
    std::vector<SettingText> views;
    SettingTexts list{};
  };

  static InstalledAgent& of(AgentHooks& self) noexcept { return static_cast<InstalledAgent&>(self); }

  // What `work` answers, or `otherwise`: at once in a log callback, since whoever logs may hold our locks, and when there is no
  // memory.
  template <class Answer, class Work>
  static Answer answered(Answer otherwise, const Work& work) {
    if (!Logger::is_inside_callback()) guarded([&] { otherwise = work(); });
    return otherwise;
  }

  // In 100 years at the latest: clocks and what adds to deadlines count nanoseconds in 64 bits.
  static Deadline after(Seconds time) {
    constexpr Seconds longest = std::chrono::hours(24 * 36500);
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::clamp(time, Seconds(0), longest));
  }

  bool do_install(Installation installation) {
    recording_state(registry_);  // a forked child comes into order first
    std::lock_guard lock(lifecycle_);
    auto engine = std::make_unique<Engine>(finalized(installation.config));
    make_absolute(engine->config.core_agent_socket_path);  // the program may go elsewhere
    if (installed_) {
      engine->logger.write(LogLevel::warning, "scout.config", "install() was called twice: the first installation stays");
      return false;
    }
    if (stuck_ && thread_->is_running()) {
      engine->logger.write(LogLevel::error, "scout.config", "the sink of the previous installation has not returned yet");
      return false;
    }
    for (const auto& problem : engine->config.problems) engine->logger.write(LogLevel::warning, "scout.config", problem);
    if (!engine->config.monitor) {
      const auto unset = [&](std::string_view key) { return engine->config.origin(key) == Origin::standard; };
      const bool forgotten = unset("monitor") && !unset("key");  // whoever has an account wants to see something
      engine->logger.write(forgotten ? LogLevel::warning : LogLevel::info, "scout.config",
                           forgotten ? "monitor is not set: nothing is recorded (SCOUT_MONITOR=true switches it on)"
                                     : "monitor is off: nothing is recorded");
      return false;
    }
    code_ = std::move(installation.config);
    reported_ = engine->config.problems;
    engine->sink = installation.sink ? *installation.sink : own_sink(*engine);
    const ClockSource source = installation.clock ? slow_source(*installation.clock) : system_source();
    clock_ = source.slow;
    if (registry_.seed.high == 0) new_seed();
    registry_.settings.ring_size = static_cast<std::uint32_t>(engine->config.ring_size);
    publish_settings(engine->config);
    const Collector::Target target{&engine->config, &engine->logger, engine->sink, source.timeline};
    if (thread_ != nullptr) {
      thread_->with_collector([&](Collector& collector) { collector.retarget(target); });
    } else {
      collector_ = std::make_unique<Collector>(registry_, target);
    }
    previous_engine_ = std::move(engine_);
    previous_thread_ = std::move(thread_);
    stuck_ = false;
    engine_ = std::move(engine);
    placement_ = ThreadPlacement::of_this_thread();
    make_thread();
    engine_->logger.write(LogLevel::info, "scout.config", "scout " SCOUT_VERSION ": monitoring '{}'", engine_->config.name);
    if (engine_->logger.enabled(LogLevel::debug)) {
      for (const auto& line : scout::describe(engine_->config)) engine_->logger.write(LogLevel::debug, "scout.config", line);
    }
    installed_ = true;
    set_recording(source.recording);
    if (engine_->core_agent) start_launcher(installation.launcher);
    return true;
  }

  // With what an opt-in could not do among the problems.
  FinalConfig finalized(const Config& config) const {
    FinalConfig final_config = finalize(config);
    if (const char* const problem = load(registry_.opt_ins.problem)) final_config.problems.emplace_back(problem);
    return final_config;
  }

  // Somebody has to see to it that there is a core agent: core_agent/manager.hpp, or whoever runs the machine.
  void start_launcher(LauncherTable offered) {
    const auto say = [&](LogLevel level, std::string_view why) {
      engine_->logger.write(level, "scout.launcher", "no core agent is launched: {}", why);
    };
    if (!engine_->config.core_agent_launch) return say(LogLevel::info, "core_agent_launch is off");
    if (offered.start == nullptr) return say(LogLevel::info, "the program does not include scout/core_agent/manager.hpp");
    launcher_ = offered;
    if (!launcher_.start(engine_->config)) say(LogLevel::warning, "there is no thread for it");
  }

  // What integrations read on application threads. Published lists stay for good: somebody may be reading them.
  void publish_settings(const FinalConfig& config) {
    publish(registry_.settings.ignored_paths, config.ignore);
    publish(registry_.settings.disabled_instruments, config.disabled_instruments);
    const auto reporting = config.uri_reporting == "path"        ? UriReporting::path
                           : config.uri_reporting == "full_path" ? UriReporting::full_path
                                                                 : UriReporting::filtered_params;
    store(registry_.settings.uri_reporting, static_cast<std::uint32_t>(reporting));
    store(registry_.settings.collect_remote_ip, config.collect_remote_ip);
  }

  void publish(const SettingTexts*& setting, const std::vector<std::string>& texts) {
    const auto is_same = [](const SettingText& known, const std::string& text) {
      return std::string_view(known.data, known.size) == text;
    };
    const SettingTexts* const known = load(setting);
    if (known != nullptr && std::equal(known->first, known->first + known->count, texts.begin(), texts.end(), is_same)) return;
    Published& published = *published_.emplace_back(std::make_unique<Published>(texts));
    published.list = {published.views.data(), published.views.size()};
    __atomic_store_n(&setting, &published.list, __ATOMIC_RELEASE);
  }

  SinkTable own_sink(Engine& engine) {
    engine.core_agent.emplace(engine.config, engine.logger);
    return sink_table(*engine.core_agent);
  }

  void new_seed() noexcept {
    IdSeed seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed) {
      seed = {mixed(read_ticks()), mixed(static_cast<std::uint64_t>(::getpid()) ^ read_ticks())};
    }
    registry_.seed = seed;
  }

  void set_recording(Recording state) noexcept {
    const BlockedSignals blocked;  // a handler that records may need the lock
    RegistryLock lock(registry_);  // or another thread takes this process for a forked one
    __atomic_store_n(&registry_.process->sleeping, 1u, __ATOMIC_RELAXED);  // the first transaction starts the thread
    const bool on = state != Recording::off;
    store(registry_.null_buffer->context, on ? unattached_context : no_context);
    change_state(registry_, state);
  }

  void make_thread() {
    thread_ = std::make_shared<CollectorThread>(registry_, *collector_, placement_);
    to_wake_.store(thread_.get(), std::memory_order_release);
  }

  // Sampling, ignoring and logging change at the next transaction; monitor stops and starts recording.
  void do_configure(Config config) {
    recording_state(registry_);
    std::lock_guard lock(lifecycle_);
    if (!installed_) return;
    for_each_config_field([&](const auto& field) {
      if (config.*field.given && !is_read_once(field.name)) code_.*field.given = std::move(config.*field.given);
    });
    FinalConfig changed = finalized(code_);
    keep_what_install_read(changed, engine_->config);
    for (const auto& problem : changed.problems) {
      if (std::find(reported_.begin(), reported_.end(), problem) != reported_.end()) continue;
      engine_->logger.write(LogLevel::warning, "scout.config", problem);
      reported_.push_back(problem);
    }
    engine_->logger.set_level(changed.log_level);
    publish_settings(changed);
    thread_->with_collector([&](Collector&) { engine_->config = std::move(changed); });
    set_recording(!engine_->config.monitor ? Recording::off : clock_.read != nullptr ? Recording::slow_clock : Recording::on);
  }

  bool do_flush(std::chrono::milliseconds timeout) {
    recording_state(registry_);
    const Deadline deadline = after(timeout);
    std::unique_lock lock(lifecycle_, std::defer_lock);
    if (!lock_until(lock, deadline)) return false;
    if (!installed_) return true;
    const std::shared_ptr<CollectorThread> thread = thread_;  // shutdown() may come meanwhile
    lock.unlock();
    return thread->flush(deadline);
  }

  void do_shutdown() {
    recording_state(registry_);
    std::lock_guard lock(lifecycle_);
    if (!installed_) return;
    set_recording(Recording::off);
    shutting_down_.store(true, std::memory_order_release);
    stuck_ = !thread_->stop(after(Seconds(engine_->config.shutdown_timeout_seconds)));
    if (launcher_.stop != nullptr) std::exchange(launcher_, {}).stop();
    shutting_down_.store(false, std::memory_order_release);
    installed_ = false;
  }

  Stats do_stats() {
    recording_state(registry_);
    std::unique_lock lock(lifecycle_);
    const std::shared_ptr<CollectorThread> thread = thread_;
    lock.unlock();  // who has a deadline need not wait for a pass because of this
    return thread == nullptr ? Stats{} : thread->with_collector([](Collector& collector) { return collector.stats(); });
  }

  std::string do_describe() {
    const Stats account = do_stats();
    std::lock_guard lock(lifecycle_);
    const FinalConfig* const config = engine_ == nullptr ? nullptr : &engine_->config;
    const bool monitoring = installed_ && config->monitor;
    return description(monitoring ? "monitoring" : installed_ ? "monitor is off" : config != nullptr ? "shut down" : "not installed",
                       config, config != nullptr && !engine_->core_agent, account);
  }

  // May come more than once, as handlers and destructors go; they share one deadline. A sink of the application's may be
  // destroyed after the first call, a log callback's captures as well: neither is touched again.
  void do_drain_at_exit() {
    recording_state(registry_);
    std::unique_lock lock(lifecycle_, std::try_to_lock);  // exit() may come from anywhere, also from a log callback of ours
    if (!lock.owns_lock() && shutting_down_.load(std::memory_order_acquire)) return wait_for_shutdown();
    constexpr std::chrono::milliseconds patience{250};  // with another thread's configure()
    if (!lock.owns_lock() && (Logger::is_inside_callback() || !lock_until(lock, Clock::now() + patience))) return;
    if (!installed_ || thread_->is_current()) return;
    const double seconds = engine_->config.shutdown_timeout_seconds;
    if (exit_deadline_ == Deadline{}) exit_deadline_ = after(Seconds(seconds));
    if (!engine_->core_agent) {
      set_recording(Recording::off);
      stuck_ = !thread_->stop(exit_deadline_);
      installed_ = false;
    } else if (registry_.fork_ticks == 0 || has_started_any()) {  // a child without any has nothing to tell
      drain(seconds);
    }
    report_losses();
    engine_->logger.set_level(LogLevel::off);
  }

  // Another thread drains: the process stays until it has.
  void wait_for_shutdown() {
    if (thread_->is_current()) return;
    const Deadline latest = after(Seconds(engine_->config.shutdown_timeout_seconds));
    while (shutting_down_.load(std::memory_order_acquire) && Clock::now() < latest) ::usleep(1000);
  }

  // As of the exit; nullopt: the collector, or its sink, is busy until the deadline.
  std::optional<Stats> last_account() {
    return thread_->with_collector(exit_deadline_, [](Collector& collector) { return collector.stats(); });
  }

  bool has_started_any() {
    const std::optional<Stats> account = last_account();
    return !account || account->transactions.started != 0;
  }

  void drain(double seconds) {
    const Deadline unnoticed = Clock::now() + std::chrono::milliseconds(250);
    const bool flushed = thread_->flush(std::min(exit_deadline_, unnoticed));
    if (flushed || Clock::now() < unnoticed || Clock::now() >= exit_deadline_) return;  // done, refused, or no time
    const std::optional<Stats> account = last_account();
    const std::uint64_t waiting = account ? account->transactions.live : 0;
    if (waiting != 0 && engine_->config.shutdown_message_enabled && !std::exchange(announced_, true)) {
      engine_->logger.announce("scout.request", fmt::format("draining {} transactions for up to {} seconds", waiting, seconds));
    }
    (void)thread_->flush(exit_deadline_);
  }

  void report_losses() {
    const std::optional<Stats> account = last_account();
    if (!account) return engine_->logger.write(LogLevel::warning, "scout.request", "exit did not wait for what is being delivered");
    Losses losses = Losses::of(*account);
    losses.transactions[Reason::shutdown] += account->transactions.live;
    if (losses.total() == reported_losses_) return;
    reported_losses_ = losses.total();
    engine_->logger.write(LogLevel::warning, "scout.request", "not delivered: {}{}{}", losses.text(),
                          account->last_error.empty() ? "" : ": ", account->last_error);
  }

  void on_wake() noexcept {
    if (CollectorThread* const thread = to_wake_.load(std::memory_order_acquire)) thread->wake();
  }

  // In a forked child: the parent's thread, connection and account are the parent's. What they were is left where it is,
  // since another thread may have held their locks; a sink of the application's is used as it is.
  void on_forked() noexcept {
    new (&lifecycle_) std::mutex;
    shutting_down_ = false;
    new (&thread_) std::shared_ptr<CollectorThread>;
    (void)collector_.release();
    launcher_ = {};
    new_seed();
    if (engine_ == nullptr) return;
    if (engine_->core_agent) engine_->core_agent->forget_connection();
    auto engine = std::make_unique<Engine>(engine_->config);
    engine->sink = engine_->core_agent ? own_sink(*engine) : engine_->sink;
    (void)engine_.release();
    engine_ = std::move(engine);
    const Timeline timeline = clock_.read != nullptr ? Timeline(clock_.to_wall) : Timeline();
    collector_ = std::make_unique<Collector>(registry_, Collector::Target{&engine_->config, &engine_->logger, engine_->sink, timeline});
    make_thread();
  }

  Registry& registry_;
  std::mutex lifecycle_;
  std::atomic<bool> shutting_down_ = false;
  bool installed_ = false;
  bool stuck_ = false;  // the thread of the last installation did not end in time
  Config code_;  // what install() and configure() were given
  std::vector<std::string> reported_;  // what the log was told is wrong with it
  SlowClock clock_{};
  std::unique_ptr<Engine> engine_, previous_engine_;  // the previous one: a late log line may still be on its way
  std::unique_ptr<Collector> collector_;
  std::shared_ptr<CollectorThread> thread_, previous_thread_;  // the previous one: a late wake-up may still be in it
  ThreadPlacement placement_;  // of the thread that installed
  std::atomic<CollectorThread*> to_wake_ = nullptr;            // the first of these, for application threads
  LauncherTable launcher_{};
  std::vector<std::unique_ptr<Published>> published_;
  Deadline exit_deadline_{};
  bool announced_ = false;  // that the drain takes a while
  std::uint64_t reported_losses_ = 0;
};

}  // namespace scout::inline v0::detail

#endif
