#ifndef SCOUT_EXAMPLES_TESTING_ORDERS_HPP
#define SCOUT_EXAMPLES_TESTING_ORDERS_HPP

// The code under test: a page that loads a customer's orders and tells the warehouse.

#include <string>

void show_orders(int customer, const std::string& warehouse_token);

#endif
