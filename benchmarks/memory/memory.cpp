// Resident memory of this process: what each thread that records adds when its ring has been written from end to end, and what
// comes on top when it goes on for long, or when threads come and go.

#include <unistd.h>

#include <barrier>
#include <cstdio>
#include <mutex>
#include <thread>

#include "../support/agent.hpp"

namespace {

double resident_kib() {
  unsigned long size = 0, resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  const bool read = file != nullptr && std::fscanf(file, "%lu %lu", &size, &resident) == 2;
  if (file != nullptr) std::fclose(file);
  return read ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024 : 0;
}

// One at a time, so that the collector never holds two transactions.
void record(int transactions) {
  static std::mutex turn;
  const std::lock_guard lock(turn);
  for (int i = 0; i < transactions; ++i) {
    {
      SCOUT_BACKGROUND_TRANSACTION("benchmark");
      for (int span = 0; span < 500; ++span) {
        SCOUT_INSTRUMENT("span");
        SCOUT_TAG("rows", span);
      }
    }
    bench::flush();
  }
}

constexpr int once_round = 5;  // so many transactions are more than a ring holds

void record_on_new_threads(int count) {
  for (int i = 0; i < count; ++i) std::thread(record, 1).join();
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("memory", count, arguments);
  bench::install();
  const int threads = suite.scaled(32, 2);
  const auto grown = [](auto work) {
    const double before = resident_kib();
    work();
    return resident_kib() - before;
  };
  record(once_round);  // what the collector needs, whatever the number of threads

  // Threads that exist already: only what recording adds.
  std::barrier step(threads + 1);
  std::vector<std::thread> team;
  for (int i = 0; i < threads; ++i) {
    team.emplace_back([&] {
      step.arrive_and_wait();
      step.arrive_and_wait();
      record(once_round);
      step.arrive_and_wait();
      step.arrive_and_wait();
    });
  }
  step.arrive_and_wait();
  suite.row(
      "a thread",
      [&] {
        return grown([&] {
                 step.arrive_and_wait();
                 step.arrive_and_wait();
               }) /
               threads;
      },
      "KiB");
  suite.row(
      "1,000 times as many spans as a ring holds", [&] { return grown([&] { record(suite.scaled(4000, 4)); }); }, "KiB");
  suite.row(
      "1,000 threads, one after another",
      [&] {
        record_on_new_threads(10);  // the rings that they hand on
        return grown([&] { record_on_new_threads(suite.scaled(1000, 10)); });
      },
      "KiB");
  suite.figure("a thread", "KiB", bench::at_most(160), [](const bench::Round& round) { return round.median("a thread"); });
  // Half a ring: the system's allocator moves by pages.
  suite.figure("growth", "KiB", bench::at_most(64), [](const bench::Round& round) {
    return round.median("1,000 times as many spans as a ring holds") + round.median("1,000 threads, one after another");
  });
  suite.run_once();
  step.arrive_and_wait();
  for (std::thread& thread : team) thread.join();
  bench::shutdown(suite);
  return suite.report();
}
