#include <scout/scout.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::web;

TEST_SUITE_BEGIN("instrument/macros");

static void instrumented_function() { SCOUT_INSTRUMENT_FUNCTION(); }

TEST_CASE("macros name spans and transactions, tag them, and rename") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("users/show");
    SCOUT_INSTRUMENT("load");
    SCOUT_TAG("rows", 3);
    SCOUT_INSTRUMENT("Query", "SQL");
    SCOUT_CONTEXT("plan", "free");
    SCOUT_RENAME_TRANSACTION("Controller/users/other");
    instrumented_function();
  }
  { SCOUT_BACKGROUND_TRANSACTION("nightly/report"); }
  {
    SCOUT_WEB_TRANSACTION("health");
    SCOUT_IGNORE_TRANSACTION();
  }
  CHECK(matches(
      recording,
      web("users/show")
          .tag("plan", "free")
          .tag("transaction.name", "Controller/users/other")
          .children(
              span("Custom/load").tag("rows", 3).children(span("SQL/Query").children(span("Custom/instrumented_function")))),
      background("nightly/report")));
}

TEST_CASE("a macro obeys an unbraced if and ends there") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    for (const bool yes : {true, false}) {
      if (yes)
        SCOUT_INSTRUMENT("then");
      else
        SCOUT_INSTRUMENT("else");
      SCOUT_INSTRUMENT("after");
    }
  }
  const auto after = span("Custom/after");
  CHECK(matches(recording, web("page").children(span("Custom/then"), after, span("Custom/else"), after)));
}

#define SERVE(route)            \
  SCOUT_WEB_TRANSACTION(route); \
  SCOUT_INSTRUMENT("handler")

TEST_CASE("a transaction and a span go on one line, such as in a macro of one's own") {
  scout::testing::Recording recording;
  {
    SERVE("users/show");
    SCOUT_TAG("rows", 3);
  }
  CHECK(matches(recording, web("users/show").children(span("Custom/handler").tag("rows", 3))));
}

TEST_CASE("arguments are evaluated once") {
  scout::testing::Recording recording;
  SCOUT_WEB_TRANSACTION("page");
  int count = 0;
  SCOUT_TAG("count", ++count);
  SCOUT_CONTEXT("count", ++count);
  CHECK(count == 2);
}

TEST_SUITE_END();
