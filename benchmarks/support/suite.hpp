#ifndef SCOUT_BENCHMARKS_SUITE_HPP
#define SCOUT_BENCHMARKS_SUITE_HPP

// A benchmark's rows. They take turns, block by block, so that what disturbs the machine disturbs all of them; a round is some
// blocks of every row. Figures are computed from the rows of each round. What comes out, as JSON, are medians over the rounds;
// benchmarks/bench.py makes a table and a plot of it.
//
//   SUITE [--rounds N] [--smoke] [--count]
//
// --smoke: as little as shows that it works. --count: under callgrind, one block of each row, for bench.py to count its
// instructions.

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

// What the blocks of one round came to.
class Round {
 public:
  double median(const std::string& row) const { return at(row, 0.5); }
  double tail(const std::string& row) const { return at(row, 0.99); }  // the 99th percentile

 private:
  friend class Suite;
  double at(const std::string& row, double part) const;

  std::vector<std::pair<std::string, std::vector<double>>> blocks_;  // of each row, sorted
};

struct Goal {
  double value;
  bool is_least = false;
};
constexpr Goal at_most(double value) { return {value}; }
constexpr Goal at_least(double value) { return {value, true}; }
inline constexpr Goal no_goal{-1};

class Suite {
 public:
  using Block = std::function<double()>;
  using Samples = std::function<std::vector<double>()>;  // of several threads at once, say

  Suite(std::string name, int argument_count, char** arguments);

  // In the order of their turns. `unit` is what a block returns.
  void row(const std::string& name, Block block, const std::string& unit = "ns");
  void row(const std::string& name, Samples block, const std::string& unit = "ns");
  // The row that the others are compared with.
  void floor(const std::string& row) { floor_ = row; }
  void figure(const std::string& name, const std::string& unit, Goal goal, std::function<double(const Round&)> of);
  // Untimed, after every block, so that all begin alike.
  void between(std::function<void()> pause) { pause_ = std::move(pause); }
  // Something counted, once.
  void count(const std::string& name, unsigned long long value) { counts_.emplace_back(name, value); }

  bool smoke() const { return smoke_; }
  int scaled(int size, int smallest = 1) const { return smoke_ ? smallest : size; }

  void run(int blocks);
  void run_once() {  // what takes its time, or can be seen only once
    rounds_ = 1;
    run(1);
  }
  // Prints what was found; the program's exit status.
  int report() const;

 private:
  struct Row {
    std::string name, unit;
    Samples block;
    std::vector<double> medians, tails, ratios;
    int calls = 0;  // of the block that was counted
  };
  struct Figure {
    std::string name, unit;
    Goal goal;
    std::function<double(const Round&)> of;
    std::vector<double> values;
  };

  void count_instructions();

  std::string name_, floor_;
  int rounds_ = 9, blocks_ = 0;
  bool smoke_ = false, counts_instructions_ = false;
  std::function<void()> pause_ = [] {};
  std::vector<Row> rows_;
  std::vector<Figure> figures_;
  std::vector<std::pair<std::string, unsigned long long>> counts_;
};

double median(std::vector<double> values);

// Whether instructions are counted: time is no matter then, but nothing must be refused.
bool counting();

// Around what is measured of a block of that many calls.
void begin_measured(int calls);
void end_measured();

// Nanoseconds for one of the calls that `run` makes.
template <class Run>
[[gnu::noinline]] double timed(int calls, Run run) {
  const auto start = Clock::now();
  begin_measured(calls);
  run();
  end_measured();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / calls;
}

// The same for `calls` calls of `body`, which is inlined into the loop.
template <class Body>
double block(int calls, Body body) {
  return timed(calls, [&] {
    for (int i = 0; i < calls; ++i) {
      body();
      asm volatile("" ::: "memory");
    }
  });
}

}  // namespace bench

#endif
