#include <scout/testing/budgets.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using scout::testing::at_most, scout::testing::no_allocations_in, scout::testing::no_errors,
    scout::testing::no_n_plus_one;

namespace {

void query(const std::string& statement) {
  SCOUT_INSTRUMENT("Query", "SQL");
  SCOUT_TAG("db.statement", statement);
}

void load_users(int count) {
  SCOUT_INSTRUMENT("load");
  for (int id = 0; id < count; ++id) query("SELECT * FROM users WHERE id = " + std::to_string(id));
}

void show_users(int count) {
  SCOUT_WEB_TRANSACTION("users");
  query("SELECT count(*) FROM users");
  load_users(count);
}

}  // namespace

TEST_SUITE_BEGIN("testing/budgets");

TEST_CASE("a budget of spans is kept in each transaction, and shown where it is not") {
  scout::testing::Recording recording;
  show_users(1);
  show_users(1);
  CHECK(at_most(recording, 2, "SQL/Query"));
  CHECK(at_most(recording, 0, "HTTP/get"));
  show_users(2);
  CHECK(at_most(recording, 2, "SQL/Query").message() ==
        "3 × SQL/Query under Controller/users, at most 2 allowed:\n"
        "  Controller/users\n"
        ">   SQL/Query  db.statement=\"SELECT count(*) FROM users\"\n"
        "    Custom/load\n"
        ">     SQL/Query  db.statement=\"SELECT * FROM users WHERE id = 0\"\n"
        ">     SQL/Query  db.statement=\"SELECT * FROM users WHERE id = 1\"");
}

TEST_CASE("a budget can be that of a span, and of a family of operations") {
  scout::testing::Recording recording;
  show_users(2);
  CHECK(at_most(recording, 2, "SQL/Query", {.under = "Custom/load"}));
  CHECK(at_most(recording, 3, "SQL/*", {.under = "Controller/*"}));
  CHECK_FALSE(at_most(recording, 2, "SQL/*", {.under = "Controller/users"}));
  CHECK(at_most(recording, 1, "SQL/Query", {.under = "Custom/load"}).message() ==
        "2 × SQL/Query under Custom/load, at most 1 allowed:\n"
        "  Custom/load\n"
        ">   SQL/Query  db.statement=\"SELECT * FROM users WHERE id = 0\"\n"
        ">   SQL/Query  db.statement=\"SELECT * FROM users WHERE id = 1\"");
}

TEST_CASE("a budget for what was not recorded fails") {
  scout::testing::Recording recording;
  CHECK(at_most(recording, 2, "SQL/Query").message() == "nothing was recorded");
  CHECK(no_n_plus_one(recording).message() == "nothing was recorded");
  show_users(1);
  CHECK(at_most(recording, 2, "SQL/Query", {.under = "Controller/usres"}).message() == "no span Controller/usres was recorded");
  CHECK(no_allocations_in(recording, "Custom/laod").message() == "no span Custom/laod was recorded");
}

TEST_CASE("one statement five times is N+1, whatever its literals; the threshold can be another") {
  scout::testing::Recording recording;
  show_users(4);
  CHECK(no_n_plus_one(recording));
  CHECK_FALSE(no_n_plus_one(recording, 4));
  show_users(5);
  CHECK(no_n_plus_one(recording).message() ==
        "N+1: SQL/Query ran the same statement 5 times in Controller/users, 5 times are too many:\n"
        "  Controller/users\n"
        "    SQL/Query\n"
        "    Custom/load\n"
        ">     SQL/Query  SELECT * FROM users WHERE id = ?  ×5");
}

TEST_CASE("the same statement in five transactions is no N+1, nor are spans without a statement") {
  scout::testing::Recording recording;
  for (int i = 0; i < 5; ++i) show_users(1);
  {
    SCOUT_BACKGROUND_TRANSACTION("job");
    for (int i = 0; i < 9; ++i) SCOUT_INSTRUMENT("step");
  }
  CHECK(no_n_plus_one(recording));
}

TEST_CASE("allocations are read from the tag that counts them, of the span that is named") {
  scout::testing::Recording recording;
  const auto parse = [](int allocations) {
    SCOUT_BACKGROUND_TRANSACTION("import");
    {
      SCOUT_INSTRUMENT("parse");
      SCOUT_TAG("allocations", allocations);
    }
    SCOUT_INSTRUMENT("store");
    SCOUT_TAG("allocations", 7);
  };
  parse(0);
  CHECK(no_allocations_in(recording, "Custom/parse"));
  parse(2);
  CHECK(no_allocations_in(recording, "Custom/parse").message() ==
        "allocations in Custom/parse:\n"
        "  Job/import\n"
        ">   Custom/parse  allocations=2\n"
        "    Custom/store");
  CHECK(no_allocations_in(recording, "Custom/*").message() ==
        "allocations in Custom/*:\n"
        "  Job/import\n"
        "    Custom/parse\n"
        ">   Custom/store  allocations=7");
}

TEST_CASE("failed spans and requests are shown, with the place of the throw where it is known; nothing recorded is no success") {
  scout::testing::Recording recording;
  CHECK(!no_errors(recording));
  show_users(1);
  CHECK(no_errors(recording));
  {
    SCOUT_WEB_TRANSACTION("pay");
    scout::mark_error();
    SCOUT_INSTRUMENT("charge");
    SCOUT_TAG("error", "true");
    SCOUT_TAG("error_stack", std::vector<std::map<std::string, std::string>>(2, {{"function", "charge"}}));
  }
  CHECK(no_errors(recording).message() ==
        "errors in Controller/pay:\n"
        "> Controller/pay  error=\"true\"\n"
        ">   Custom/charge  error=\"true\"  thrown in {\"function\":\"charge\"}");
}

TEST_CASE("allocations that nobody counted are not taken for none") {
  scout::testing::Recording recording;
  show_users(1);
  CHECK(no_allocations_in(recording, "Custom/load").message() ==
        "allocations in Custom/load were not counted: the tag allocations is absent:\n"
        "  Controller/users\n"
        "    SQL/Query\n"
        ">   Custom/load\n"
        "      SQL/Query");
}

TEST_SUITE_END();
