#include <gtest/gtest.h>
#include <scout/testing.hpp>

#include "orders.hpp"

using namespace scout::testing;

TEST(ShowOrders, LoadsThemAndTellsTheWarehouse) {
  Recording recording;
  show_orders(7, "4711");
  EXPECT_TRUE(matches(recording, web("orders/show")
                                     .tag("customer", 7)
                                     .children(span("Custom/load orders").tag("orders", 3).children(span("SQL/Query").times(2)),
                                               span("Custom/notify").children(span("HTTP/post").tag("url")))));
}

TEST(ShowOrders, KeepsItsBudgets) {
  Recording recording;
  show_orders(7, "4711");
  EXPECT_TRUE(at_most(recording, 2, "SQL/*", {.under = "Custom/load orders"}));
  EXPECT_TRUE(no_n_plus_one(recording));
  EXPECT_TRUE(no_secrets(recording, {"4711"}));
  EXPECT_TRUE(no_lost_spans(recording));
}

TEST(ShowOrders, DoesWhatItAlwaysDid) {
  Recording recording;
  show_orders(7, "4711");
  EXPECT_TRUE(matches_golden(recording, "golden/show_orders.txt"));
}
