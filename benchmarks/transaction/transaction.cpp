// What a transaction costs beside its spans: one with ten spans, a whole web request with its tags and ten spans, in turns with
// eleven spans below a transaction that is open already, block by block, while the collector drains.
//
//   transaction [rounds]

#include <scout/agent.hpp>
#include <scout/sink/null_sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <thread>
#include <vector>

#include "web_request.hpp"

namespace {

constexpr int requests_a_block = 50;
constexpr int blocks_a_round = 400;

using Clock = std::chrono::steady_clock;

// Nanoseconds for one call of `body`; the collector gets a pause afterwards.
template <class Body>
double block(Body body) {
  const auto start = Clock::now();
  for (int i = 0; i < requests_a_block; ++i) body();
  const double nanoseconds = std::chrono::duration<double, std::nano>(Clock::now() - start).count() / requests_a_block;
  std::this_thread::sleep_for(std::chrono::microseconds(300));
  return nanoseconds;
}

void spans(int count) {
  for (int i = 0; i < count; ++i) {
    SCOUT_INSTRUMENT("load");
    asm volatile("" ::: "memory");
  }
}

double request_block() {
  return block([] { serve_request("users/show"); });
}
double transaction_block() {
  return block([] {
    SCOUT_WEB_TRANSACTION("users/show");
    spans(10);
  });
}
double spans_block() {
  SCOUT_BACKGROUND_TRANSACTION("spans");
  return block([] { spans(11); });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 9;
  static scout::NullSink sink;
  if (!scout::install({.key = "benchmark", .name = "benchmark", .monitor = true}, sink)) return 1;
  constexpr struct {
    const char* name;
    double (*block)();
  } rows[] = {{"eleven spans", spans_block}, {"a transaction with ten spans", transaction_block}, {"a web request with ten spans", request_block}};
  constexpr std::size_t row_count = std::size(rows);
  std::vector<double> medians[row_count], ratios[row_count];
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> times[row_count];
    for (int i = 0; i < blocks_a_round; ++i) {
      for (std::size_t row = 0; row < row_count; ++row) times[row].push_back(rows[row].block());
    }
    for (std::size_t row = 0; row < row_count; ++row) {
      medians[row].push_back(median(times[row]));
      ratios[row].push_back(medians[row].back() / medians[0].back() * 11);
    }
  }
  for (std::size_t row = 0; row < row_count; ++row) {
    std::printf("%-28s %8.1f ns = %5.1f spans\n", rows[row].name, median(medians[row]), median(ratios[row]));
  }
  scout::shutdown();
  const scout::Stats stats = scout::stats();
  std::printf("spans started %llu, delivered %llu, dropped %llu\n", static_cast<unsigned long long>(stats.spans.started),
              static_cast<unsigned long long>(stats.spans.delivered),
              static_cast<unsigned long long>(stats.spans.dropped.total()));
}
