// The ways in which a process ends. What was finished before the end arrives wherever handlers run; where none do (_exit,
// abort), what was flushed has arrived, and nothing of ours stands in the way.

#include <sys/socket.h>
#include <sys/un.h>
#include <scout/scout.hpp>
#include <simdjson.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "account.hpp"
#include "cases.hpp"

namespace {

constexpr std::chrono::seconds patience{50};

void burst_after_install() {
  for (int i = 0; i < 100; ++i) {
    SCOUT_BACKGROUND_TRANSACTION("burst");
    SCOUT_INSTRUMENT("span");
  }
}

void burst() {
  REQUIRE(scout::install());
  burst_after_install();
}

// One that has arrived, one that is open: outside of any scope, so that no way out of the process can end it.
void flushed_and_open() {
  REQUIRE(scout::install());
  { SCOUT_BACKGROUND_TRANSACTION("flushed"); }
  REQUIRE(scout::flush(patience));
  scout::BackgroundTransaction::start("open");
}

// Destroyed after the exit handlers: what it records then is drained, too.
struct RecordsLate {
  ~RecordsLate() {
    if (wanted) SCOUT_BACKGROUND_TRANSACTION("from a destructor");
  }
  bool wanted = false;
} records_late;

void exit_with_full_buffer() {
  records_late.wanted = true;
  REQUIRE(scout::install());
  for (int i = 0; i < 100; ++i) {
    SCOUT_BACKGROUND_TRANSACTION("burst");
    for (int n = 0; n < 30; ++n) SCOUT_INSTRUMENT("span");
  }
  std::exit(0);
}

void return_from_main() { burst(); }
void exit_normally() { burst(), std::exit(0); }
void exit_quickly() { burst(), std::quick_exit(0); }
void exit_at_once() { flushed_and_open(), _exit(5); }
void abort_process() { flushed_and_open(), std::abort(); }

void terminate() {
  std::set_terminate([] {
    std::puts("the program's own terminate handler");
    std::fflush(stdout);
    std::abort();
  });
  flushed_and_open();
  std::terminate();
}

void exit_inside_a_span() {
  burst();
  SCOUT_BACKGROUND_TRANSACTION("open");
  SCOUT_INSTRUMENT("open");
  std::exit(3);
}

void exit_from_a_thread() {
  burst();
  std::thread([] { std::exit(4); }).join();
}

// Some wait inside a transaction for something that never comes, one records until the very end.
void return_with_live_threads() {
  REQUIRE(scout::install());
  static std::atomic<int> ready{0};
  for (int i = 0; i < 4; ++i) {
    std::thread([] {
      { SCOUT_BACKGROUND_TRANSACTION("done"); }
      SCOUT_BACKGROUND_TRANSACTION("waits");
      SCOUT_INSTRUMENT("waits");
      ++ready;
      for (;;) pause();
    }).detach();
  }
  std::thread([] {
    for (;;) {
      {
        SCOUT_BACKGROUND_TRANSACTION("until the end");
        SCOUT_INSTRUMENT("span");
      }
      ready.fetch_or(64);
      usleep(100);  // as much as a busy service has to do
    }
  }).detach();
  while (ready.load() != 64 + 4) std::this_thread::yield();
}

void exit_while_flushing() {
  burst();
  static std::atomic<int> flushes{0};
  std::thread([] {
    for (;;) {
      (void)scout::flush(patience);
      ++flushes;
    }
  }).detach();
  while (flushes.load() == 0) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) SCOUT_BACKGROUND_TRANSACTION("burst");
}

void exit_while_shutting_down() {
  REQUIRE(scout::install());
  for (int i = 0; i < 2000; ++i) SCOUT_BACKGROUND_TRANSACTION("burst");
  static std::atomic<bool> begins{false};
  std::thread([] {
    begins = true;
    scout::shutdown();
  }).detach();
  while (!begins.load()) std::this_thread::yield();
}

// The program's own handlers call us.
void shut_down_by_handlers() {
  std::atexit(scout::shutdown);  // runs after ours
  burst();
  std::atexit([] { (void)scout::flush(patience); });  // before ours
}

// A core agent that takes the connection and says nothing: the wait is announced to whom the log goes.
void wait_for_silence() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (std::string(getenv("SCOUT_CORE_AGENT_SOCKET_PATH")) + ".mute").copy(address.sun_path, sizeof address.sun_path - 1);
  const int silent = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(silent, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(silent, 1) == 0);
  setenv("SCOUT_CORE_AGENT_SOCKET_PATH", address.sun_path, 1);
  setenv("SCOUT_SHUTDOWN_TIMEOUT_SECONDS", "1", 1);
  REQUIRE(scout::install({.log_callback = [](scout::LogLevel, std::string_view, std::string_view message) {
    std::printf("%.*s\n", static_cast<int>(message.size()), message.data());
  }}));
  { SCOUT_BACKGROUND_TRANSACTION("waits"); }
}

// The program's own use of simdjson, between install() and the first answer: what simdjson clears at the end is still needed.
void use_simdjson_itself() {
  REQUIRE(scout::install());
  simdjson::dom::parser parser;
  REQUIRE(parser.parse(std::string("[1]")).error() == simdjson::SUCCESS);
  burst_after_install();
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"return", return_from_main},
                   {"exit", exit_normally},
                   {"with_full_buffer", exit_with_full_buffer},
                   {"quick_exit", exit_quickly},
                   {"_exit", exit_at_once},
                   {"abort", abort_process},
                   {"terminate", terminate},
                   {"inside_a_span", exit_inside_a_span},
                   {"from_a_thread", exit_from_a_thread},
                   {"live_threads", return_with_live_threads},
                   {"while_flushing", exit_while_flushing},
                   {"while_shutting_down", exit_while_shutting_down},
                   {"by_handlers", shut_down_by_handlers},
                   {"silent_core_agent", wait_for_silence},
                   {"simdjson", use_simdjson_itself}},
                  argument_count, arguments);
}
