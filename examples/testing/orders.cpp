#include "orders.hpp"

#include <scout/scout.hpp>

#include <thread>
#include <vector>

namespace {

// In place of a database.
std::vector<int> query(const std::string& statement) {
  SCOUT_INSTRUMENT("Query", "SQL");
  SCOUT_TAG("db.statement", statement);
  return {3, 5, 8};
}

// In place of a client.
void post(const std::string& url, const std::string& /*token*/) {
  SCOUT_INSTRUMENT("post", "HTTP");
  SCOUT_TAG("url", url);
}

std::vector<int> load_orders(int customer) {
  SCOUT_INSTRUMENT("load orders");
  const std::vector<int> orders = query("SELECT id FROM orders WHERE customer = " + std::to_string(customer));
  query("SELECT * FROM items WHERE order_id IN (3, 5, 8)");
  SCOUT_TAG("orders", orders.size());
  return orders;
}

}  // namespace

void show_orders(int customer, const std::string& warehouse_token) {
  SCOUT_WEB_TRANSACTION("orders/show");
  SCOUT_CONTEXT("customer", customer);
  load_orders(customer);
  SCOUT_INSTRUMENT("notify");
  std::thread(scout::bind([&] { post("https://warehouse.example/orders", warehouse_token); })).join();
}
