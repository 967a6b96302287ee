#include <scout/agent.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../../support/ledger_change.hpp"

using namespace std::chrono_literals;

namespace {

struct LogLine {
  scout::LogLevel level;
  std::string text;
};

// Keeps operations, or fails as told.
struct TestSink {
  scout::Expected<void> write(const scout::Trace& trace) {
    if (fail) return scout::Error{*fail, "told to fail"};
    operations.emplace_back(trace.operation());
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent& event) {
    events.emplace_back(event.type());
    return {};
  }
  scout::Expected<void> flush(scout::Deadline until) {
    deadline = until;
    return {};
  }

  scout::Deadline deadline{};
  std::optional<scout::ErrorCode> fail;
  std::vector<std::string> operations, events;
};

scout::Config config(std::vector<LogLine>* lines = nullptr) {
  scout::Config config{.key = "key", .name = "agent test", .monitor = true};
  if (lines != nullptr) {
    config.log_callback = [lines](scout::LogLevel level, std::string_view, std::string_view message) {
      lines->push_back({level, std::string(message)});
    };
  }
  return config;
}

void record(const char* name) { scout::BackgroundTransaction transaction{name}; }

bool said(const std::vector<LogLine>& lines, std::string_view part) {
  for (const auto& line : lines) {
    if (line.text.find(part) != std::string::npos) return true;
  }
  return false;
}

std::ptrdiff_t thread_count() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

}  // namespace

TEST_SUITE_BEGIN("agent");

TEST_CASE("without install nothing is recorded, and every door answers") {
  LedgerChange ledger;
  record("unseen");
  CHECK_FALSE(scout::is_recording());
  CHECK(scout::flush(1ms));
  scout::configure({.sample_rate = 0.5});
  scout::shutdown();
  CHECK(ledger.transactions().started == 0);
}

TEST_CASE("install without monitor records nothing and says why") {
  std::vector<LogLine> lines;
  TestSink sink;
  scout::Config off = config(&lines);
  off.monitor.reset();
  off.log_level = "info";
  CHECK_FALSE(scout::install(off, sink));
  record("unseen");
  CHECK(said(lines, "monitor"));
  CHECK(sink.operations.empty());
}

TEST_CASE("transactions reach the sink in the order of their ends, whatever the order of their starts") {
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  {
    scout::BackgroundTransaction first{"ends last"};
    std::thread([] {
      scout::BackgroundTransaction second{"ends second"};
      std::thread([] { record("ends first"); }).join();
    }).join();
  }
  CHECK(scout::flush(10s));
  CHECK(sink.operations == std::vector<std::string>{"Job/ends first", "Job/ends second", "Job/ends last"});
  scout::shutdown();
}

TEST_CASE("a key without monitor is warned about, an explicit no is not") {
  std::vector<LogLine> lines;
  TestSink sink;
  scout::Config forgotten = config(&lines);
  forgotten.monitor.reset();
  CHECK_FALSE(scout::install(forgotten, sink));
  CHECK(said(lines, "SCOUT_MONITOR=true"));
  lines.clear();
  scout::Config off = config(&lines);
  off.monitor = false;
  CHECK_FALSE(scout::install(off, sink));
  CHECK(lines.empty());
}

TEST_CASE("describe() tells state, account and configuration with origins, and no secret") {
  TestSink sink;
  scout::Config given = config();
  given.key = "0123456789abcdefghij";
  REQUIRE(scout::install(given, sink));
  record("work");
  REQUIRE(scout::flush(10s));
  const std::string text = scout::describe();
  CAPTURE(text);
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  CHECK(has("state: monitoring\n"));
  CHECK(has("sink: a sink of the application's\n"));
  CHECK(has("transactions: "));
  CHECK(has(" + 0 live\n"));
  CHECK(has("  name = 'agent test' (code)\n"));
  CHECK(has("  key = *** (code)\n"));
  CHECK(!has("0123456789abcdefghij"));
  scout::shutdown();
  CHECK(scout::describe().find("state: shut down\n") != std::string::npos);
}

TEST_CASE("describe() names the core agent's address and why it is not connected") {
  scout::Config given = config();
  given.core_agent_socket_path = "/nowhere/agent.sock";
  given.log_level = "off";
  REQUIRE(scout::install(given));
  record("work");
  CHECK_FALSE(scout::flush(50ms));
  CHECK(scout::describe().find("sink: unix:/nowhere/agent.sock, not connected; last error: unix:/nowhere/agent.sock: ") !=
        std::string::npos);
  scout::shutdown();
}

TEST_CASE("install, shutdown and install again each deliver to their own sink") {
  LedgerChange ledger;
  for (int round = 0; round < 3; ++round) {
    TestSink sink;
    REQUIRE(scout::install(config(), sink));
    record("work");
    CHECK(scout::flush(10s));
    record("more work");
    scout::shutdown();
    CHECK(sink.operations == std::vector<std::string>{"Job/work", "Job/more work"});
    record("after shutdown");
    CHECK(sink.operations.size() == 2);
    scout::shutdown();
  }
  CHECK(ledger.transactions().delivered == 6);
}

TEST_CASE("a second install is refused, says so, and leaves the first in place") {
  std::vector<LogLine> lines;
  TestSink first, second;
  REQUIRE(scout::install(config(), first));
  CHECK_FALSE(scout::install(config(&lines), second));
  CHECK(said(lines, "twice"));
  record("work");
  scout::shutdown();
  CHECK(first.operations.size() == 1);
  CHECK(second.operations.empty());
}

TEST_CASE("a second install says why it is refused and nothing else, the next one that is not refused says all") {
  std::vector<LogLine> lines;
  TestSink sink;
  setenv("SCOUT_SAMPEL_RATE", "0.5", 1);
  REQUIRE(scout::install(config(&lines), sink));
  REQUIRE(lines.size() == 1);
  CHECK_FALSE(scout::install(config(&lines), sink));
  REQUIRE(lines.size() == 2);
  CHECK(lines.back().text.find("install() was called twice") == 0);
  scout::shutdown();
  lines.clear();
  REQUIRE(scout::install(config(&lines), sink));
  unsetenv("SCOUT_SAMPEL_RATE");
  scout::shutdown();
  REQUIRE(lines.size() == 1);
  CHECK(lines.back().text == "SCOUT_SAMPEL_RATE belongs to no configuration key");
}

TEST_CASE("the sink hears of the process before the first trace, and of its CPU and memory after it") {
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  record("work");
  scout::flush(10s);
  scout::shutdown();
  CHECK(sink.events == std::vector<std::string>{"scout.metadata", "CPU/Utilization", "Memory/Physical"});
}

TEST_CASE("what a sink does not accept is dropped under a reason and reported in the log and in stats") {
  LedgerChange ledger;
  std::vector<LogLine> lines;
  TestSink sink;
  REQUIRE(scout::install(config(&lines), sink));
  const struct {
    scout::ErrorCode code;
    scout::Reason reason;
  } cases[] = {{scout::ErrorCode::refused, scout::Reason::refused},
               {scout::ErrorCode::buffer_full, scout::Reason::buffer_full},
               {scout::ErrorCode::encode, scout::Reason::encode},
               {scout::ErrorCode::file, scout::Reason::refused}};
  for (const auto& [code, reason] : cases) {
    const auto before = ledger.transactions().dropped[reason];
    const auto spans_before = ledger.spans().dropped[reason];
    sink.fail = code;
    {
      SCOUT_BACKGROUND_TRANSACTION("refused");
      SCOUT_INSTRUMENT("span");
    }
    scout::flush(10s);
    CHECK(ledger.transactions().dropped[reason] == before + 1);
    CHECK(ledger.spans().dropped[reason] == spans_before + 1);
  }
  CHECK(scout::stats().last_error == "told to fail");
  CHECK(said(lines, "told to fail"));
  scout::shutdown();
}

TEST_CASE("configure changes sampling, ignoring and monitor at once, and keeps what it does not name") {
  LedgerChange ledger;
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  scout::configure({.sample_rate = 0});
  record("sampled out");
  scout::flush(10s);
  scout::configure({.ignore_jobs = std::vector<std::string>{"ignored"}, .sample_rate = 1});
  record("ignored");
  record("kept");
  scout::flush(10s);
  scout::configure({.monitor = false});
  record("monitor off");
  scout::flush(10s);
  scout::configure({.monitor = true});
  record("monitor on");
  scout::shutdown();
  CHECK(sink.operations == std::vector<std::string>{"Job/kept", "Job/monitor on"});
  CHECK(ledger.transactions().sampled_out == 1);
  CHECK(ledger.transactions().ignored == 1);
  CHECK(ledger.transactions().started == 4);
}

TEST_CASE("the environment wins over code, and a bad value is reported with what is used instead") {
  std::vector<LogLine> lines;
  TestSink sink;
  setenv("SCOUT_SAMPLE_RATE", "0", 1);
  setenv("SCOUT_SHUTDOWN_TIMEOUT_SECONDS", "soon", 1);
  scout::Config both = config(&lines);
  both.sample_rate = 1;
  REQUIRE(scout::install(both, sink));
  unsetenv("SCOUT_SAMPLE_RATE");
  unsetenv("SCOUT_SHUTDOWN_TIMEOUT_SECONDS");
  record("sampled out");
  scout::shutdown();
  CHECK(sink.operations.empty());
  CHECK(said(lines, "SCOUT_SHUTDOWN_TIMEOUT_SECONDS is 'soon'"));
}

TEST_CASE("the address, names and sizes are those of install(), and described as such, whatever configure() sets") {
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  const std::string before = scout::describe();
  scout::configure({.key = "other",
                    .name = "other",
                    .revision_sha = "other",
                    .environment = "other",
                    .core_agent_socket_path = "tcp://127.0.0.1:2",
                    .ring_size = 8192});
  CHECK(scout::describe() == before);
  scout::configure({.ring_size = 5});  // what nobody reads is no problem
  CHECK(scout::describe() == before);
  scout::shutdown();
}

TEST_CASE("a relative socket stays where it is, wherever the program goes") {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/tmp");
  REQUIRE(scout::install(scout::Config{.key = "k", .name = "n", .monitor = true, .core_agent_socket_path = "unix:no.sock"}));
  CHECK(scout::describe().find("unix:/tmp/no.sock") != std::string::npos);
  scout::shutdown();
  std::filesystem::current_path(before);
}

TEST_CASE("an application's root stays where it was at install(), wherever the program goes and whatever configure() sets") {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/tmp");
  TestSink sink;
  for (const bool given : {true, false}) {
    scout::Config rooted = config();
    if (given) rooted.application_root = ".";
    REQUIRE(scout::install(rooted, sink));
    std::filesystem::current_path("/");
    scout::configure({.sample_rate = 1});
    CHECK(scout::describe().find("application_root = '/tmp'") != std::string::npos);
    scout::shutdown();
    std::filesystem::current_path("/tmp");
  }
  std::filesystem::current_path(before);
}

TEST_CASE("configure() makes a list anew for the program's threads only where it has changed") {
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  const scout::detail::Settings& settings = scout::detail::find_registry()->settings;
  scout::configure({.ignore = std::vector<std::string>{"/health", "/status"}});
  const auto* const ignored = settings.ignored_paths;
  scout::configure({.sample_rate = 50});
  scout::configure({.ignore = std::vector<std::string>{"/health", "/status"}});
  CHECK(settings.ignored_paths == ignored);
  scout::configure({.ignore = std::vector<std::string>{"/health"}});
  CHECK(settings.ignored_paths != ignored);
  CHECK(settings.ignored_paths->count == 1);
  scout::shutdown();
}

TEST_CASE("configure() reports what is wrong with it, and nothing that was reported before") {
  std::vector<LogLine> lines;
  TestSink sink;
  setenv("SCOUT_SAMPEL_RATE", "0.5", 1);
  setenv("SCOUT_SHUTDOWN_TIMEOUT_SECONDS", "soon", 1);
  scout::Config nameless = config(&lines);
  nameless.name.reset();
  REQUIRE(scout::install(nameless, sink));
  CHECK(lines.size() == 3);
  for (const double rate : {200.0, 1.0, 200.0}) scout::configure({.sample_rate = rate});
  for (const bool on : {false, true}) scout::configure({.monitor = on});
  unsetenv("SCOUT_SAMPEL_RATE");
  unsetenv("SCOUT_SHUTDOWN_TIMEOUT_SECONDS");
  REQUIRE(lines.size() == 4);
  CHECK(lines.back().text.find("sample_rate is 200 in code") == 0);
  scout::shutdown();
}

TEST_CASE("nobody listens: flush and shutdown return at once, and everything is counted") {
  LedgerChange ledger;
  std::vector<LogLine> lines;
  scout::Config nowhere = config(&lines);
  nowhere.core_agent_socket_path = "/nonexistent/scout.sock";
  REQUIRE(scout::install(nowhere));
  record("lost");
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(scout::flush(5s));
  CHECK(ledger.transactions().live == 1);
  scout::shutdown();
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK(ledger.transactions().dropped[scout::Reason::shutdown] == 1);
  CHECK(said(lines, "/nonexistent/scout.sock"));
  CHECK_FALSE(scout::stats().connected);
}

TEST_CASE("flush() waits when it may take longer than a clock can count") {
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  for (const std::chrono::milliseconds timeout : {std::chrono::milliseconds::max(), std::chrono::milliseconds(24h * 365 * 400)}) {
    sink.operations.clear();
    record("work");
    CHECK(scout::flush(timeout));
    CHECK(sink.operations.size() == 1);
    CHECK(sink.deadline > std::chrono::steady_clock::now() + 24h);
  }
  scout::shutdown();
}

TEST_CASE("shutdown() drains when it may take longer than a clock can count") {
  LedgerChange ledger;
  for (const double seconds : {1e10, 99999999999.0, 1e300}) {
    static TestSink sink;
    sink.deadline = {};
    scout::Config patient = config();
    patient.shutdown_timeout_seconds = seconds;
    REQUIRE(scout::install(patient, sink));
    record("work");
    scout::shutdown();
    CHECK(sink.deadline > std::chrono::steady_clock::now() + 24h);
  }
  CHECK(ledger.transactions().delivered == 3);
}

TEST_CASE("in the log callback the agent's functions return at once and change nothing, on whichever thread") {
  static TestSink other;
  static std::atomic<int> here = 0, elsewhere = 0, answered = 0;
  scout::Config talking = config();
  talking.core_agent_socket_path = "/nonexistent/scout.sock";
  talking.log_level = "debug";
  talking.log_callback = [installer = std::this_thread::get_id()](scout::LogLevel, std::string_view, std::string_view) {
    ++(std::this_thread::get_id() == installer ? here : elsewhere);
    const bool nothing = !scout::install(config(), other) && !scout::flush(1h) && scout::stats().transactions.started == 0;
    scout::configure({.monitor = false});
    scout::shutdown();
    answered += nothing && scout::describe().find("log callback") != std::string::npos;
  };
  REQUIRE(scout::install(talking));
  record("lost");
  CHECK_FALSE(scout::flush(10s));
  CHECK(scout::describe().find("state: monitoring\n") != std::string::npos);
  scout::shutdown();
  CHECK(here > 0);
  CHECK(elsewhere > 0);
  CHECK(answered == here + elsewhere);
}

TEST_CASE("a wake-up that comes after shutdown starts no thread") {
  TestSink sink;
  REQUIRE(scout::install(config(), sink));
  record("work");
  scout::shutdown();
  const std::ptrdiff_t threads = thread_count();
  scout::detail::AgentHooks* const agent = scout::detail::find_agent();
  agent->wake(*agent);
  CHECK(thread_count() == threads);
}

TEST_CASE("a sink may be gone after shutdown(): nobody asks it any more") {
  struct Deferred {
    scout::Expected<void> write(const scout::Trace&) { return {}; }
    scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
    scout::Expected<void> flush(scout::Deadline) { return {}; }
    bool service(scout::Settlement&) { return ++asked, false; }
    void abandon(scout::Reason, scout::Settlement&) {}
    scout::SinkStatus status() const { return ++asked, scout::SinkStatus{true, "the last error"}; }

    mutable int asked = 0;
  };
  Deferred sink;
  REQUIRE(scout::install(config(), sink));
  record("work");
  CHECK(scout::stats().connected);
  scout::shutdown();
  const int asked = sink.asked;
  CHECK_FALSE(scout::stats().connected);
  CHECK(scout::describe().find("the last error") != std::string::npos);
  CHECK(sink.asked == asked);
}

TEST_CASE("a sink that hangs delays flush and shutdown no longer than they may take, and the application not at all") {
  struct Hanging {
    scout::Expected<void> write(const scout::Trace&) {
      std::unique_lock guard(lock);
      changed.wait(guard, [this] { return released; });
      return {};
    }
    scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
    scout::Expected<void> flush(scout::Deadline) { return {}; }

    std::mutex lock;
    std::condition_variable changed;
    bool released = false;
  };
  static Hanging sink;
  std::vector<LogLine> lines;
  scout::Config hasty = config();
  hasty.shutdown_timeout_seconds = 0.05;
  REQUIRE(scout::install(hasty, sink));
  record("stuck");
  CHECK_FALSE(scout::flush(50ms));
  std::atomic<bool> asks = false;
  std::thread asking([&] {
    asks = true;
    (void)scout::stats();  // waits for the sink
  });
  while (!asks) std::this_thread::yield();
  CHECK_FALSE(scout::flush(50ms));
  record("not delayed");
  scout::shutdown();
  TestSink next;
  CHECK_FALSE(scout::install(config(&lines), next));
  CHECK(said(lines, "has not returned"));
  {
    std::lock_guard guard(sink.lock);
    sink.released = true;
    sink.changed.notify_all();
  }
  asking.join();
  const auto latest = std::chrono::steady_clock::now() + 30s;
  bool installed = false;
  scout::Config quiet = config();
  quiet.log_level = "off";
  while (!installed && std::chrono::steady_clock::now() < latest) installed = scout::install(quiet, next);
  REQUIRE_MESSAGE(installed, "the sink has returned, so that another may be installed");
  record("after");
  CHECK(scout::flush(30s));
  CHECK(next.operations == std::vector<std::string>{"Job/after"});
  scout::shutdown();
}

TEST_SUITE_END();
