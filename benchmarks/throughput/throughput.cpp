// What becomes of spans on the one background thread: drained, assembled, encoded, sent over loopback TCP to another process
// which parses every message and answers. Beside it a plain send of the same bytes, with the same answers, to a process of the
// same kind. CPU time is that of the thread which sends, the system's part included.

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <thread>

#include "../support/agent.hpp"
#include "../support/peer.hpp"
#include "raw_sender.hpp"

namespace {

constexpr int spans_a_transaction = 100;  // with a tag each fourth
constexpr int ring_size = 512 * 1024;     // of the one application thread: it stands for some that have 128 KiB each
constexpr int window = 64;  // transactions on their way: two thirds of the ring, three quarters of what waits for answers

void record_transaction() {
  SCOUT_WEB_TRANSACTION("users/show");
  for (int i = 0; i < spans_a_transaction / 4; ++i) {
    SCOUT_INSTRUMENT("load");
    SCOUT_TAG("statement", "SELECT \"name\" FROM users WHERE id = ?");
    for (int j = 1; j < 4; ++j) {
      SCOUT_INSTRUMENT("Query", "SQL");
    }
  }
}

[[noreturn]] void lost(const bench::Peer& peer, std::uint64_t recorded) {
  fmt::print(stderr, "of {} transactions, {} have arrived\n", recorded, peer.transactions());
  std::exit(1);
}

void record(const bench::Peer& peer, int count) {
  static std::uint64_t recorded = 0;
  const auto wait_until = [&](std::uint64_t arrived) {
    const auto latest = bench::Clock::now() + std::chrono::seconds(10);
    while (peer.transactions() < arrived) {
      if (bench::Clock::now() > latest) lost(peer, recorded);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  };
  for (int i = 0; i < count; ++i) {
    if (++recorded > window) wait_until(recorded - window);
    record_transaction();
  }
  wait_until(recorded);
}

double own_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("throughput", count, arguments);
  const bench::Peer of_agent, of_raw;
  bench::install(of_agent.address(), ring_size);
  record(of_agent, window);  // connected, registered, warm
  RawSender raw(of_raw.port(), window);
  const std::string frame = of_agent.last_frame();

  const int transactions = suite.scaled(4000, 10);
  const double spans = static_cast<double>(transactions) * spans_a_transaction;
  double raw_time = 0, agent_time = 0;
  suite.row("raw send, CPU", [&] {
    const auto start = bench::Clock::now();
    const double before = own_cpu_time();
    raw.send(frame, transactions);
    const double cpu = own_cpu_time() - before;
    raw_time = std::chrono::duration<double, std::nano>(bench::Clock::now() - start).count();
    return cpu / spans;
  });
  suite.row("background thread, CPU", [&] {
    const auto start = bench::Clock::now();
    const double before = bench::collector_usage().cpu_time;
    record(of_agent, transactions);
    const double cpu = bench::collector_usage().cpu_time - before;
    agent_time = std::chrono::duration<double, std::nano>(bench::Clock::now() - start).count();
    return cpu / spans;
  });
  suite.row("raw send, elapsed", [&] { return raw_time / spans; });
  suite.row("background thread, elapsed", [&] { return agent_time / spans; });
  suite.floor("raw send, CPU");
  suite.figure("the background thread's CPU time", "x raw", bench::at_most(1.5),
               [](const bench::Round& round) { return round.median("background thread, CPU") / round.median("raw send, CPU"); });
  suite.figure("million spans in a second", "", bench::at_least(4),
               [](const bench::Round& round) { return 1e3 / round.median("background thread, elapsed"); });
  suite.figure("million spans in its CPU second", "", bench::no_goal,
               [](const bench::Round& round) { return 1e3 / round.median("background thread, CPU"); });
  suite.run(3);
  suite.count("bytes a transaction", frame.size());
  suite.count("spans that arrived", of_agent.spans());
  bench::shutdown(suite);
  return suite.report();
}
