#include <doctest/doctest.h>
#include <scout/collect/delivery_watch.hpp>

using namespace std::chrono_literals;
using scout::detail::DeliveryWatch;

TEST_SUITE_BEGIN("delivery_watch");

TEST_CASE("ten seconds after the first transaction without any delivery it is time for a warning, once") {
  const DeliveryWatch::TimePoint start{1h};
  DeliveryWatch watch(5);
  CHECK(!watch.overdue(start, 5));
  watch.handed_over(start);
  watch.handed_over(start + 9s);
  CHECK(!watch.overdue(start + 9999ms, 5));
  CHECK(watch.overdue(start + 10s, 5));
  CHECK(!watch.overdue(start + 20s, 5));
}

TEST_CASE("after a delivery nothing is overdue any more") {
  const DeliveryWatch::TimePoint start{1h};
  DeliveryWatch watch(0);
  watch.handed_over(start);
  CHECK(!watch.overdue(start + 1s, 1));
  watch.handed_over(start + 2s);
  CHECK(!watch.overdue(start + 1h, 1));
}

TEST_CASE("without a transaction nothing is overdue") {
  DeliveryWatch watch(0);
  CHECK(!watch.overdue(DeliveryWatch::TimePoint{24h}, 0));
}

TEST_SUITE_END();
