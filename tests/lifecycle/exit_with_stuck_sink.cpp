// exit() with a sink that never returns: it waits as long as it may, says what it left, and is over.

#include <scout/scout.hpp>

#include <unistd.h>

#include <cstdlib>

#include "account.hpp"

namespace {

struct StuckSink {
  scout::Expected<void> write(const scout::Trace&) {
    for (;;) ::pause();
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }
} stuck_sink;

}  // namespace

int main() {
  const auto to_output = [](scout::LogLevel, std::string_view, std::string_view message) {
    std::printf("%.*s\n", static_cast<int>(message.size()), message.data());
  };
  if (!scout::install({.shutdown_timeout_seconds = 0.2, .log_callback = to_output}, stuck_sink)) return 1;
  { SCOUT_BACKGROUND_TRANSACTION("never delivered"); }
  std::exit(0);
}
