#include <scout/scout.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include "../../support/trace_tree.hpp"

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
  {
    SCOUT_BACKGROUND_TRANSACTION("nightly/report");
  }
  {
    SCOUT_WEB_TRANSACTION("health");
    SCOUT_IGNORE_TRANSACTION();
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 2);
  CHECK(span_tree(traces[0]) == "Controller/users/show{Custom/load{SQL/Query{Custom/instrumented_function}}}");
  CHECK(scout::testing::tag_json(traces[0].spans()[1], "rows") == "3");
  CHECK(scout::testing::tag_json(traces[0], "plan") == "\"free\"");
  CHECK(traces[1].operation() == "Job/nightly/report");
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
  CHECK(span_tree(recording.traces().at(0)) == "Controller/page{Custom/then Custom/after Custom/else Custom/after}");
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
