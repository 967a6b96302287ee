#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include "parts.hpp"

using scout::testing::matches, scout::testing::span, scout::testing::web;

TEST_SUITE_BEGIN("odr");

TEST_CASE("a program may have files with and without SCOUT_DISABLE: macros differ, everything else is the same") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("enabled part");
    work_in_disabled_part();
    shared_work();
  }
  const auto shared = span("Custom/shared");
  CHECK(
      matches(recording, web("page").children(span("Custom/enabled part")
                                                  .no_tag("disabled part")
                                                  .children(span("Custom/span of the disabled part").children(shared), shared))));
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
