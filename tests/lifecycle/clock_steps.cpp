// The wall clock is set an hour forward, then back, by standing in for the C library's function: what is recorded before,
// after and across a step arrives at once, and no span gets longer or shorter.

#include <scout/scout.hpp>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <chrono>

#include "../support/agent.hpp"
#include "cases.hpp"

namespace {

constexpr std::chrono::seconds patience{50};
std::atomic<time_t> offset{0};

struct DurationSink {
  scout::Expected<void> write(const scout::Trace& trace) {
    const auto duration = trace.stop() - trace.start();
    if (duration < duration.zero() || duration > patience) wrong = true;
    for (const scout::SpanView& span : trace.spans()) wrong |= span.start() < trace.start() || span.stop() > trace.stop();
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  bool wrong = false;
};

void record() {
  for (const time_t step : {3600, -3600, 0}) {
    {
      SCOUT_BACKGROUND_TRANSACTION("across");
      SCOUT_INSTRUMENT("span");
      offset = step;
    }
    for (int i = 0; i < 100; ++i) {
      SCOUT_BACKGROUND_TRANSACTION("steady");
      SCOUT_INSTRUMENT("span");
    }
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(scout::flush(patience));
    REQUIRE(std::chrono::steady_clock::now() - start < patience / 2);
  }
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (clock == CLOCK_REALTIME) time->tv_sec += offset;
  return static_cast<int>(result);
}

int main() {
  static DurationSink sink;
  REQUIRE(scout::install({}, sink));
  record();
  scout::shutdown();
  REQUIRE(!sink.wrong);
  REQUIRE(scout::install());
  const auto before = std::chrono::system_clock::now();
  offset = 7200;
  REQUIRE(std::chrono::system_clock::now() - before > std::chrono::hours(1));  // the seam is there
  record();
  const scout::Stats stats = scout::stats();
  REQUIRE(stats.transactions.delivered == 606 && stats.redelivered == 0 && stats.transactions.balanced());
}
