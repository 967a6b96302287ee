#include <scout/collect/timeline.hpp>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace scout::detail;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("collect/timeline");

TEST_CASE("ticks are placed by the last anchor and the rate measured since the first") {
  Timeline timeline;
  const Anchor first = Anchor::now();
  const Anchor later{first.ticks + 3'000'000'000, first.steady + 1'000'000'000, first.wall + 1'000'000'000};
  timeline.anchor(later);
  const auto one_second_before = timeline.at(later.ticks - 3'000'000'000);
  const auto expected = scout::Time(std::chrono::nanoseconds(first.wall));
  CHECK(one_second_before > expected - 1ms);
  CHECK(one_second_before < expected + 1ms);
  CHECK(timeline.at(later.ticks) == scout::Time(std::chrono::nanoseconds(later.wall)));
}

TEST_CASE("a step of the wall clock moves later traces and stretches none") {
  Timeline timeline;
  const Anchor first = Anchor::now();
  constexpr std::int64_t hour = 3'600'000'000'000;
  const Anchor stepped{first.ticks + 2'000'000'000, first.steady + 1'000'000'000, first.wall + 1'000'000'000 + hour};
  timeline.anchor(stepped);
  const auto span = timeline.at(stepped.ticks - 1'000'000'000) - timeline.at(stepped.ticks - 2'000'000'000);
  CHECK(span > 499ms);
  CHECK(span < 501ms);
}

TEST_CASE("a second stays a second after the computer has slept, whether its counter went on or began anew") {
  constexpr std::uint64_t ticks_a_second = 2'000'000'000;
  constexpr std::int64_t second = 1'000'000'000;
  for (const std::uint64_t asleep : {100 * ticks_a_second, std::uint64_t{0} - 10 * ticks_a_second}) {
    Timeline timeline;
    Anchor now = Anchor::now();
    const auto pass = [&](std::uint64_t ticks, std::int64_t steady, std::int64_t wall) {
      now = {now.ticks + ticks, now.steady + steady, now.wall + wall};
      timeline.anchor(now);
    };
    const auto seconds = [&](std::uint64_t count) { return timeline.at(now.ticks) - timeline.at(now.ticks - count * ticks_a_second); };
    for (int i = 0; i < 20; ++i) pass(ticks_a_second, second, second);
    pass(asleep, second / 1000, 100 * second);  // which the steady clock does not count
    CHECK(std::chrono::abs(seconds(1) - 1s) < 1ms);
    for (int i = 0; i < 20; ++i) {
      pass(ticks_a_second, second, second);
      CHECK(std::chrono::abs(seconds(1) - 1s) < 1ms);
    }
  }
}

TEST_CASE("the clocks of an anchor are read together, however often the thread is interrupted") {
  static volatile int interruptions;
  interruptions = 0;
  struct sigaction interrupt {}, previous {};
  interrupt.sa_handler = [](int) {
    const auto until = std::chrono::steady_clock::now() + 1ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    interruptions = interruptions + 1;
  };
  sigaction(SIGALRM, &interrupt, &previous);
  const Anchor first = Anchor::now();
  const itimerval often{{0, 2000}, {0, 2000}}, never{};
  setitimer(ITIMER_REAL, &often, nullptr);
  std::vector<Anchor> anchors;
  while (interruptions < 200) anchors.push_back(Anchor::now());
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &previous, nullptr);
  const Anchor last = Anchor::now();
  const double rate = static_cast<double>(last.steady - first.steady) / static_cast<double>(last.ticks - first.ticks);
  int torn = 0;  // against the anchor before: a clock may be set once or twice meanwhile
  for (std::size_t i = 1; i < anchors.size(); ++i) {
    const Anchor &now = anchors[i], &before = anchors[i - 1];
    const auto steady = static_cast<double>(now.steady - before.steady);
    const double by_ticks = std::abs(steady - static_cast<double>(now.ticks - before.ticks) * rate);
    torn += std::max(by_ticks, std::abs(steady - static_cast<double>(now.wall - before.wall))) > 300'000;
  }
  CHECK(torn < 20);
}

TEST_CASE("a minute without a look is measured like any other time") {
  Timeline timeline;
  const Anchor first = Anchor::now();
  const Anchor later{first.ticks + 60'000'000'000, first.steady + 60'000'000'000, first.wall + 60'000'000'000};
  timeline.anchor(later);
  CHECK(std::chrono::abs(timeline.at(later.ticks) - timeline.at(later.ticks - 1'000'000'000) - 1s) < 1ms);
}

TEST_CASE("a clock of nanoseconds is exact") {
  Timeline timeline(1'000);
  timeline.anchor(Anchor::now());
  CHECK(timeline.at(5) == scout::Time(1'005ns));
}

TEST_CASE("a time that no clock reaches is a century away, or as far as the counter counts") {
  constexpr auto century = std::chrono::days(36'525);
  constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min(), last = std::numeric_limits<std::int64_t>::max();
  const Timeline measured, nanoseconds(Anchor::now().wall);
  for (const Timeline* timeline : {&measured, &nanoseconds}) {
    const scout::Time now = std::chrono::system_clock::now();
    for (const auto clock : {scout::detail::RecordClock::steady, scout::detail::RecordClock::wall}) {
      const auto before = now - timeline->at(timeline->ticks_at(clock, static_cast<std::uint64_t>(first)));
      const auto after = timeline->at(timeline->ticks_at(clock, static_cast<std::uint64_t>(last))) - now;
      for (const auto distance : {before, after}) {
        CHECK(distance > century / 2);
        CHECK(distance < century + 24h);
      }
    }
  }
}

TEST_CASE("a time that no clock reaches is no farther when the counter turns out to be slow") {
  Timeline timeline;
  const Anchor first = Anchor::now();
  const auto last = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::uint64_t ticks = timeline.ticks_at(scout::detail::RecordClock::steady, last);
  timeline.anchor({first.ticks + 25'000'000, first.steady + 1'000'000'000, first.wall + 1'000'000'000});
  const auto distance = timeline.at(ticks) - scout::Time(std::chrono::nanoseconds(first.wall));
  CHECK(distance > 0ns);
  CHECK(distance < 24h * 36'526);
}

TEST_SUITE_END();
