// What one span costs an application thread, beside the floor: two reads of the processor's counter and one store of a
// 32-byte record. Floor and spans run in turn, block by block, while the collector drains; printed are nanoseconds a span
// and the ratio to the floor of the same round, and what a span adds to some 200 ns of work inside it.
//
//   hot_path [rounds] [threads]

#include <scout/agent.hpp>
#include <scout/sink/null_sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "floor.hpp"

namespace {

constexpr int spans_a_block = 1000;
constexpr int blocks_a_round = 200;

using Clock = std::chrono::steady_clock;

struct Samples {
  std::vector<double> blocks;  // ns a span

  double at(double part) {
    std::sort(blocks.begin(), blocks.end());
    return blocks[static_cast<std::size_t>(part * static_cast<double>(blocks.size() - 1))];
  }
};

// Times `body` spans_a_block times, inlined into the loop.
template <class Body>
[[gnu::noinline]] double block(Body body) {
  const auto start = Clock::now();
  for (int i = 0; i < spans_a_block; ++i) {
    body();
    asm volatile("" ::: "memory");
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / spans_a_block;
}

double floor_block() {
  static thread_local FloorRing ring;
  ring.consume();
  return block([] { floor_span(ring); });
}

template <class Body>
double block_in_transaction(Body body) {
  double nanoseconds = 0;
  {
    SCOUT_BACKGROUND_TRANSACTION("benchmark");
    SCOUT_INSTRUMENT("warm");  // the first touch of the ids
    nanoseconds = block(body);
  }
  std::this_thread::sleep_for(std::chrono::microseconds(300));  // the ring holds four blocks: the collector keeps up
  return nanoseconds;
}

struct Row {
  const char* name;
  double (*run)();
  std::vector<double> medians, tails, ratios;
};

double empty_block() { return block([] {}); }
double outside_block() { return block([] { SCOUT_INSTRUMENT("span"); }); }
double span_block() {
  return block_in_transaction([] { SCOUT_INSTRUMENT("span"); });
}
double tagged_block() {
  return block_in_transaction([] {
    SCOUT_INSTRUMENT("span");
    SCOUT_TAG("rows", 17);
  });
}
double text_block() {
  return block_in_transaction([] {
    SCOUT_INSTRUMENT("span");
    SCOUT_TAG("text", "sixteen letters!");
  });
}

// A chain of multiplications, each of which waits for the one before: nothing of a span can hide behind it.
[[gnu::always_inline]] inline void work() {
  static thread_local std::uint64_t value = 1;
  std::uint64_t x = value;
  for (int i = 0; i < 240; ++i) asm volatile("imul $3, %0, %0" : "+r"(x));
  value = x;
}
double work_block() {
  return block([] { work(); });
}
double floor_around_work_block() {
  static thread_local FloorRing ring;
  ring.consume();
  return block([] { floor_span(ring, work); });
}
double span_around_work_block() {
  return block_in_transaction([] {
    SCOUT_INSTRUMENT("span");
    work();
  });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(int rounds) {
  Row rows[] = {{"empty loop", empty_block, {}, {}, {}},
                {"floor", floor_block, {}, {}, {}},
                {"span", span_block, {}, {}, {}},
                {"span + integer tag", tagged_block, {}, {}, {}},
                {"span + 16-byte tag", text_block, {}, {}, {}},
                {"outside a transaction", outside_block, {}, {}, {}},
                {"work", work_block, {}, {}, {}},
                {"floor around work", floor_around_work_block, {}, {}, {}},
                {"span around work", span_around_work_block, {}, {}, {}}};
  for (int round = 0; round < rounds; ++round) {
    std::vector<Samples> samples(std::size(rows));
    for (int i = 0; i < blocks_a_round; ++i) {
      for (std::size_t row = 0; row < std::size(rows); ++row) samples[row].blocks.push_back(rows[row].run());
    }
    for (std::size_t row = 0; row < std::size(rows); ++row) {
      rows[row].medians.push_back(samples[row].at(0.5));
      rows[row].tails.push_back(samples[row].at(0.99));
      rows[row].ratios.push_back(samples[row].at(0.5) / samples[1].at(0.5));
    }
  }
  for (Row& row : rows) {
    std::printf("%-24s %8.2f ns   p99 block %8.2f ns   x floor %5.2f\n", row.name, median(row.medians), median(row.tails),
                median(row.ratios));
  }
  const double alone = median(std::end(rows)[-3].medians);
  std::printf("around %.0f ns of work, the floor adds %.2f ns, a span %.2f ns\n", alone, median(std::end(rows)[-2].medians) - alone,
              median(std::end(rows)[-1].medians) - alone);
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 9;
  const int threads = count > 2 ? std::atoi(arguments[2]) : 1;
  static scout::NullSink sink;
  if (!scout::install({.key = "benchmark", .name = "benchmark", .monitor = true}, sink)) return 1;
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([rounds] { measure(rounds); });
  measure(rounds);
  for (std::thread& other : others) other.join();
  scout::shutdown();
  const scout::Stats stats = scout::stats();
  std::printf("spans started %llu, delivered %llu, dropped %llu\n", static_cast<unsigned long long>(stats.spans.started),
              static_cast<unsigned long long>(stats.spans.delivered), static_cast<unsigned long long>(stats.spans.dropped.total()));
}
