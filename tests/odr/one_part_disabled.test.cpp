#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include "../support/trace_tree.hpp"
#include "parts.hpp"

TEST_SUITE_BEGIN("odr");

TEST_CASE("a program may have files with and without SCOUT_DISABLE: macros differ, everything else is the same") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("enabled part");
    work_in_disabled_part();
    shared_work();
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(span_tree(traces[0]) ==
        "Controller/page{Custom/enabled part{Custom/span of the disabled part{Custom/shared} Custom/shared}}");
  CHECK(scout::testing::tag_json(traces[0].spans()[1], "disabled part").empty());
  CHECK(sizes() == sizes_in_disabled_part());
}

TEST_CASE("the functions of agent.hpp do nothing in a file with SCOUT_DISABLE, and do their work in the others") {
  CHECK_FALSE(install_in_disabled_part());
  scout::testing::Recording recording;
  shutdown_in_disabled_part();
  { SCOUT_WEB_TRANSACTION("page"); }
  CHECK(recording.traces().size() == 1);
  scout::shutdown();
  { SCOUT_WEB_TRANSACTION("page"); }
  CHECK(recording.traces().size() == 1);
}

TEST_SUITE_END();
