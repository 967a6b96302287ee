// What the background thread does when there is nothing to do, and when there is little: connected to a process that answers,
// after one transaction; then ten transactions a second. A wake-up is a voluntary context switch of the thread, as
// /proc/self/task/*/status counts them: it went to sleep once more.

#include <thread>

#include "../support/agent.hpp"
#include "../support/peer.hpp"

namespace {

using namespace std::chrono_literals;

void record_transaction() {
  SCOUT_WEB_TRANSACTION("users/show");
  for (int i = 0; i < 10; ++i) {
    SCOUT_INSTRUMENT("load");
  }
}

void record_transactions(bench::Clock::duration time) {
  const auto end = bench::Clock::now() + time;
  while (bench::Clock::now() < end) {
    record_transaction();
    std::this_thread::sleep_for(100ms);
  }
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("idle", count, arguments);
  const bench::Peer peer;
  bench::install(peer.address());
  const bench::Clock::duration busy = suite.smoke() ? 300ms : 20s, quiet = suite.smoke() ? 300ms : 120s;
  bench::Usage before{}, after{};
  const auto measure = [&](auto period) {
    before = bench::collector_usage();
    const auto start = bench::Clock::now();
    period();
    after = bench::collector_usage();
    return std::chrono::duration<double>(bench::Clock::now() - start).count();
  };
  double seconds = 0;
  record_transactions(suite.smoke() ? 100ms : 2s);  // connected, registered, warm
  suite.row(
      "10 transactions a second, CPU",
      [&] {
        seconds = measure([&] { record_transactions(busy); });
        return (after.cpu_time - before.cpu_time) / seconds / 1e7;
      },
      "% of a core");
  suite.row(
      "10 transactions a second, wake-ups",
      [&] { return static_cast<double>(after.voluntary_switches - before.voluntary_switches) / seconds; }, "a second");
  suite.row(
      "quiet, wake-ups",
      [&] {
        std::this_thread::sleep_for(suite.smoke() ? 0s : 5s);  // a second after the last transaction it goes to sleep
        seconds = measure([&] { std::this_thread::sleep_for(quiet); });
        return static_cast<double>(after.voluntary_switches - before.voluntary_switches) / seconds * 60;
      },
      "a minute");
  suite.row(
      "quiet, CPU", [&] { return (after.cpu_time - before.cpu_time) / seconds * 60 / 1e3; }, "us a minute");
  suite.figure("10 transactions a second", "% of a core", bench::at_most(0.1),
               [](const bench::Round& round) { return round.median("10 transactions a second, CPU"); });
  suite.figure("quiet", "wake-ups a minute", bench::at_most(1),
               [](const bench::Round& round) { return round.median("quiet, wake-ups"); });
  suite.run_once();
  bench::shutdown(suite);
  return suite.report();
}
