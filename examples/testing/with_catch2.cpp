#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#include <scout/testing.hpp>

#include "orders.hpp"

using namespace scout::testing;

TEST_CASE("showing orders loads them and tells the warehouse") {
  Recording recording;
  show_orders(7, "4711");
  CHECK(matches(recording, web("orders/show")
                               .tag("customer", 7)
                               .children(span("Custom/load orders").tag("orders", 3).children(span("SQL/Query").times(2)),
                                         span("Custom/notify").children(span("HTTP/post").tag("url")))));
}

TEST_CASE("showing orders keeps its budgets") {
  Recording recording;
  show_orders(7, "4711");
  CHECK(at_most(recording, 2, "SQL/*", {.under = "Custom/load orders"}));
  CHECK(no_n_plus_one(recording));
  CHECK(no_secrets(recording, {"4711"}));
  CHECK(no_lost_spans(recording));
}

TEST_CASE("showing orders does what it always did") {
  Recording recording;
  show_orders(7, "4711");
  CHECK(matches_golden(recording, "golden/show_orders.txt"));
}
