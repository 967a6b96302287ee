// What becomes of spans on the one background thread: drained, assembled, encoded, sent over loopback TCP to another process
// which parses every message and answers. Beside it a plain send of the same bytes, with the same answers, to a process of the
// same kind. CPU time is that of the thread which sends, the system's part included.

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <memory>
#include <thread>

#include "../support/agent.hpp"
#include "../support/peer.hpp"
#include "raw_sender.hpp"

namespace {

constexpr int ring_size = 512 * 1024;  // of the one application thread: it stands for some that have 128 KiB each

// With a tag each fourth span.
struct Shape {
  int spans;         // a transaction
  int window;        // transactions on their way: as many as the ring, and what waits for its answer, have room for
  int transactions;  // a block
};
constexpr Shape large{100, 64, 4000}, small{12, 400, 30'000};

void record_transaction(int spans) {
  SCOUT_WEB_TRANSACTION("users/show");
  for (int i = 0; i < spans / 4; ++i) {
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

void record(const bench::Peer& peer, const Shape& shape, int count) {
  static std::uint64_t recorded = 0;
  const auto wait_until = [&](std::uint64_t arrived) {
    const auto latest = bench::Clock::now() + std::chrono::seconds(10);
    while (peer.transactions() < arrived) {
      if (bench::Clock::now() > latest) lost(peer, recorded);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  };
  for (int i = 0; i < count; ++i) {
    if (++recorded > static_cast<std::uint64_t>(shape.window)) wait_until(recorded - static_cast<std::uint64_t>(shape.window));
    record_transaction(shape.spans);
  }
  wait_until(recorded);
}

double own_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

struct Times {
  double cpu = 0, elapsed = 0;  // ns a span
};

template <class CpuTime, class Work>
Times measured(double spans, CpuTime cpu_time, Work work) {
  const auto start = bench::Clock::now();
  const double before = cpu_time();
  work();
  const double cpu = cpu_time() - before;
  return {cpu / spans, std::chrono::duration<double, std::nano>(bench::Clock::now() - start).count() / spans};
}

void add_rows(bench::Suite& suite, const Shape& shape, const bench::Peer& of_agent, RawSender& raw) {
  record(of_agent, shape, suite.scaled(shape.window));  // connected, registered, warm
  const std::string frame = of_agent.last_frame();
  const int transactions = suite.scaled(shape.transactions, 10);
  const double spans = static_cast<double>(transactions) * shape.spans;
  const std::string of = fmt::format(", {} spans", shape.spans), raw_cpu = "raw send" + of, agent_cpu = "background thread" + of;
  const auto times = std::make_shared<Times>();
  suite.row(raw_cpu, [=, &raw] {
    *times = measured(spans, own_cpu_time, [&] { raw.send(frame, transactions, shape.window); });
    return times->cpu;
  });
  suite.row(raw_cpu + ", elapsed", [=] { return times->elapsed; });
  suite.row(agent_cpu, [=, &of_agent] {
    *times = measured(
        spans, [] { return bench::collector_usage().cpu_time; }, [&] { record(of_agent, shape, transactions); });
    return times->cpu;
  });
  suite.row(agent_cpu + ", elapsed", [=] { return times->elapsed; });
  suite.figure("CPU time" + of, "x raw", bench::at_most(1.5),
               [=](const bench::Round& round) { return round.median(agent_cpu) / round.median(raw_cpu); });
  suite.figure("in a second" + of, "million spans", bench::at_least(4),
               [=](const bench::Round& round) { return 1e3 / round.median(agent_cpu + ", elapsed"); });
  suite.figure("in a second of its CPU time" + of, "million spans", bench::no_goal,
               [=](const bench::Round& round) { return 1e3 / round.median(agent_cpu); });
  suite.count(fmt::format("bytes of {} spans", shape.spans), frame.size());
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("throughput", count, arguments);
  const bench::Peer of_agent, of_raw;
  bench::install(of_agent.address(), ring_size);
  RawSender raw(of_raw.port());
  add_rows(suite, large, of_agent, raw);
  add_rows(suite, small, of_agent, raw);
  suite.run(3);
  suite.count("spans that arrived", of_agent.spans());
  bench::shutdown(suite);
  return suite.report();
}
