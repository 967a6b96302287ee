#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace scout::testing;

TEST_SUITE_BEGIN("testing/mutations");

namespace {

// What can go wrong in instrumented code, one at a time.
struct Mutation {
  bool query_in_a_loop = false, lost_parent = false, leaked_secret = false, extra_allocation = false;
};

void run_query(const std::string& statement) {
  SCOUT_INSTRUMENT("Query", "SQL");
  SCOUT_TAG("db.statement", statement);
}

void load_orders(const Mutation& mutation) {
  SCOUT_INSTRUMENT("load orders");
  if (mutation.query_in_a_loop) {
    for (int id = 1; id <= 6; ++id) run_query("SELECT * FROM orders WHERE id = " + std::to_string(id));
  } else {
    run_query("SELECT * FROM orders WHERE id IN (1, 2, 3, 4, 5, 6)");
  }
}

void price(const Mutation& mutation) {
  SCOUT_INSTRUMENT("price");
  SCOUT_TAG("allocations", mutation.extra_allocation ? 1 : 0);
}

void notify(const Mutation& mutation) {
  SCOUT_INSTRUMENT("notify");
  const auto post = [&mutation] {
    SCOUT_INSTRUMENT("post", "HTTP");
    SCOUT_TAG("url", mutation.leaked_secret ? "/hook?token=hunter2" : "/hook?token=%5BFILTERED%5D");
  };
  if (mutation.lost_parent) {
    std::thread(post).join();
  } else {
    std::thread(scout::bind(post)).join();
  }
}

void show_orders(const Mutation& mutation) {
  SCOUT_WEB_TRANSACTION("orders");
  load_orders(mutation);
  price(mutation);
  notify(mutation);
}

struct Results {
  explicit Results(const Mutation& mutation) { show_orders(mutation); }

  Recording recording;
  AssertionResult tree() {
    return matches(recording, web("orders").children(span("Custom/load orders").children(span("SQL/Query")), span("Custom/price"),
                                                     span("Custom/notify").children(span("HTTP/post"))));
  }
  AssertionResult budget() { return at_most(recording, 1, "SQL/Query", {.under = "Custom/load orders"}); }
  AssertionResult n_plus_one() { return no_n_plus_one(recording); }
  AssertionResult allocations() { return no_allocations_in(recording, "Custom/price"); }
  AssertionResult secrets() { return no_secrets(recording); }
  AssertionResult losses() { return no_lost_spans(recording); }
};

}  // namespace

TEST_CASE("the example is as it should be") {
  Results results({});
  CHECK(results.tree());
  CHECK(results.budget());
  CHECK(results.n_plus_one());
  CHECK(results.allocations());
  CHECK(results.secrets());
  CHECK(results.losses());
}

TEST_CASE("a query in a loop breaks the tree, the budget and the rule against N+1, and nothing else") {
  Results results({.query_in_a_loop = true});
  CHECK(results.tree().message() ==
        "what was recorded is not what is expected (- expected, + recorded):\n"
        "  Controller/orders\n"
        "    Custom/load orders\n"
        "      SQL/Query\n"
        "+     SQL/Query  db.statement=\"SELECT * FROM orders WHERE id = 2\"\n"
        "+     SQL/Query  db.statement=\"SELECT * FROM orders WHERE id = 3\"\n"
        "+     SQL/Query  db.statement=\"SELECT * FROM orders WHERE id = 4\"\n"
        "+     SQL/Query  db.statement=\"SELECT * FROM orders WHERE id = 5\"\n"
        "+     SQL/Query  db.statement=\"SELECT * FROM orders WHERE id = 6\"\n"
        "    Custom/price\n"
        "    Custom/notify\n"
        "      HTTP/post");
  CHECK(results.budget().message().starts_with("6 × SQL/Query under Custom/load orders, at most 1 allowed:\n"));
  CHECK(results.n_plus_one().message() ==
        "N+1: SQL/Query ran the same statement 6 times in Controller/orders, 5 times are too many:\n"
        "  Controller/orders\n"
        "    Custom/load orders\n"
        ">     SQL/Query  SELECT * FROM orders WHERE id = ?  ×6\n"
        "    Custom/price\n"
        "    Custom/notify\n"
        "      HTTP/post");
  CHECK(results.allocations());
  CHECK(results.secrets());
  CHECK(results.losses());
}

TEST_CASE("a lost parent breaks the tree, and nothing else") {
  Results results({.lost_parent = true});
  CHECK(results.tree().message() ==
        "what was recorded is not what is expected (- expected, + recorded):\n"
        "  Controller/orders\n"
        "    Custom/load orders\n"
        "      SQL/Query\n"
        "    Custom/price\n"
        "    Custom/notify\n"
        "-     HTTP/post");
  CHECK(results.budget());
  CHECK(results.n_plus_one());
  CHECK(results.allocations());
  CHECK(results.secrets());
}

TEST_CASE("a leaked secret breaks the rule against secrets, and nothing else") {
  Results results({.leaked_secret = true});
  CHECK(results.secrets().message() ==
        "secrets in tags:\n"
        "  Controller/orders\n"
        "    Custom/load orders\n"
        "      SQL/Query\n"
        "    Custom/price\n"
        "    Custom/notify\n"
        ">     HTTP/post  url: token=…");
  CHECK(results.tree());
  CHECK(results.budget());
  CHECK(results.n_plus_one());
  CHECK(results.allocations());
}

TEST_CASE("an extra allocation breaks the budget of allocations, and nothing else") {
  Results results({.extra_allocation = true});
  CHECK(results.allocations().message() ==
        "allocations in Custom/price:\n"
        "  Controller/orders\n"
        "    Custom/load orders\n"
        "      SQL/Query\n"
        ">   Custom/price  allocations=1\n"
        "    Custom/notify\n"
        "      HTTP/post");
  CHECK(results.tree());
  CHECK(results.budget());
  CHECK(results.n_plus_one());
  CHECK(results.secrets());
}

TEST_SUITE_END();
