// Spans on several threads at once, from one thread to as many as there are processors, and twice as many; the floor likewise.
// Threads begin their blocks together; each block counts by itself.

#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <deque>
#include <thread>

#include "../hot_path/floor.hpp"
#include "../support/agent.hpp"

namespace {

constexpr int calls = 1000;

double floor_block() {
  static thread_local FloorRing ring;
  ring.consume();
  return bench::block(calls, [] { floor_span(ring); });
}

double span_block() {
  return bench::block_in_transaction(calls, [] { SCOUT_INSTRUMENT("span"); });
}

// Threads that run the same block at the same time.
class Team {
 public:
  explicit Team(int size) : together_(size), times_(static_cast<std::size_t>(size)) {
    for (std::size_t member = 1; member < times_.size(); ++member) {
      threads_.emplace_back([this, member] {
        for (;;) {
          together_.arrive_and_wait();
          if (block_ == nullptr) return;
          run(member);
        }
      });
    }
  }
  ~Team() {
    block_ = nullptr;
    together_.arrive_and_wait();
    for (std::thread& thread : threads_) thread.join();
  }

  std::vector<double> operator()(double (*block)()) {
    block_ = block;
    waiting_ = static_cast<int>(times_.size());
    together_.arrive_and_wait();
    run(0);
    return times_;
  }

 private:
  // The barrier wakes threads one after the other: where there are processors enough, they meet once more, awake.
  void run(std::size_t member) {
    waiting_.fetch_sub(1);
    const auto latest = bench::Clock::now() + std::chrono::milliseconds(1);
    while (waiting_.load() > 0 && bench::Clock::now() < latest) {
    }
    times_[member] = block_();
    together_.arrive_and_wait();
  }

  std::barrier<> together_;
  std::atomic<int> waiting_ = 0;
  double (*block_)() = nullptr;
  std::vector<double> times_;
  std::vector<std::thread> threads_;
};

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("contention", count, arguments);
  bench::install();
  suite.between(bench::pause_for_collector);
  const int processors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::deque<Team> teams;
  for (int threads = 1; threads <= 2 * processors; threads *= 2) {
    Team& team = teams.emplace_back(threads);
    const std::string floor = fmt::format("floor, threads: {}", threads), span = fmt::format("span, threads: {}", threads);
    suite.row(floor, [&team] { return team(floor_block); });
    suite.row(span, [&team] { return team(span_block); });
    suite.figure(fmt::format("a span, threads: {}", threads), "x floor", threads <= 2 ? bench::at_most(1.05) : bench::no_goal,
                 [=](const bench::Round& round) { return round.median(span) / round.median(floor); });
    suite.figure(fmt::format("99th percentiles, threads: {}", threads), "x floor",
                 threads <= 2 ? bench::at_most(1.3) : bench::no_goal,
                 [=](const bench::Round& round) { return round.tail(span) / round.tail(floor); });
  }
  suite.floor("floor, threads: 1");
  suite.run(200);
  teams.clear();
  bench::shutdown(suite);
  return suite.report();
}
