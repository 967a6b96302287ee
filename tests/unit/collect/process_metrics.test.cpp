#include <scout/collect/process_metrics.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace std::chrono_literals;

TEST_SUITE_BEGIN("collect/process_metrics");

TEST_CASE("resident memory grows by what the process touches") {
  const std::int64_t before = scout::detail::resident_memory();
  CHECK(before > 0);
  std::vector<char> touched(32 << 20, 'x');
  CHECK(scout::detail::resident_memory() - before > 30 << 20);
  CHECK(touched[12345] == 'x');
}

TEST_CASE("CPU use is a part of all processors since the last look; clocks that go backwards give none") {
  using Clock = scout::detail::CpuMeter::Clock;
  const auto start = Clock::now();
  scout::detail::CpuMeter meter(start);
  unsigned work = 1;
  while (Clock::now() - start < 50ms) work = work * 3 + 1;
  CHECK(work != 0);
  const auto busy = meter.sample(Clock::now());
  REQUIRE(busy.has_value());
  CHECK(*busy > 0);  // however little of the processor this process was given
  CHECK(*busy < 150);
  CHECK_FALSE(meter.sample(start).has_value());
  CHECK_FALSE(meter.sample(start).has_value());
}

TEST_SUITE_END();
