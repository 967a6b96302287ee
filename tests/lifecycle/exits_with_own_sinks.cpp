// exit() with sinks of the application's.

#include <scout/scout.hpp>

#include <cstdio>
#include <cstdlib>

#include "account.hpp"
#include "cases.hpp"

namespace {

struct StaticSink {
  ~StaticSink() {
    std::printf("%d traces\n", traces);
    destroyed = true;
  }
  scout::Expected<void> write(const scout::Trace&) {
    if (destroyed) std::abort();
    ++traces;
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  int traces = 0;
  bool destroyed = false;
};

struct RecordsLate {
  ~RecordsLate() { SCOUT_BACKGROUND_TRANSACTION("from a destructor"); }
};

// It is drained before it is destroyed, and never touched afterwards, not even by what other static objects record later.
void static_object() {
  static RecordsLate records_late;
  static StaticSink sink;
  REQUIRE(scout::install({}, sink));
  for (int i = 0; i < 100; ++i) SCOUT_BACKGROUND_TRANSACTION("burst");
  std::exit(0);
}

struct StuckSink {
  scout::Expected<void> write(const scout::Trace&) {
    for (;;) ::pause();
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }
};

// A sink that never returns: exit() waits as long as it may, says what it left, and is over.
void stuck() {
  static StuckSink sink;
  const auto to_output = [](scout::LogLevel, std::string_view, std::string_view message) {
    std::printf("%.*s\n", static_cast<int>(message.size()), message.data());
  };
  setenv("SCOUT_SHUTDOWN_TIMEOUT_SECONDS", "0.2", 1);  // the matrix has a longer one, for a machine that is slow
  REQUIRE(scout::install({.log_callback = to_output}, sink));
  { SCOUT_BACKGROUND_TRANSACTION("never delivered"); }
  std::exit(0);
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"static_object", static_object}, {"stuck", stuck}}, argument_count, arguments);
}
