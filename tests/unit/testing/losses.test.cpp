#include <scout/testing/losses.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using scout::testing::no_lost_spans;

TEST_SUITE_BEGIN("testing/losses");

TEST_CASE("nothing is lost when every span arrived or was ignored") {
  scout::testing::Recording recording;
  CHECK(no_lost_spans(recording).message() == "nothing was recorded");
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("work");
  }
  {
    SCOUT_WEB_TRANSACTION("health");
    SCOUT_INSTRUMENT("work");
    SCOUT_IGNORE_TRANSACTION();
  }
  CHECK(no_lost_spans(recording));
  CHECK(no_lost_spans(recording.traces().at(0)));
}

TEST_CASE("lost spans are counted under their reasons, and named with the transaction that says so") {
  scout::testing::Recording recording;
  auto* const transaction = new scout::WebTransaction{"many"};
  {
    scout::ScopedSpan late{"late"};
    for (int i = 0; i < 1502; ++i) SCOUT_INSTRUMENT("step");
    delete transaction;
    CHECK(no_lost_spans(recording.traces().at(0)).message() == "Controller/many lost 3 spans");
  }
  CHECK(no_lost_spans(recording).message() ==
        "4 spans lost (3 span_cap, 1 late)\n"
        "Controller/many lost 3 spans");
}

TEST_CASE("the account of a recording begins with it") {
  {
    scout::testing::Recording earlier;
    SCOUT_WEB_TRANSACTION("many");
    for (int i = 0; i < 1502; ++i) SCOUT_INSTRUMENT("step");
  }
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("work");
  }
  CHECK(no_lost_spans(recording));
  const scout::Stats stats = recording.stats();
  CHECK(stats.transactions.started == 1);
  CHECK(stats.transactions.delivered == 1);
  CHECK(stats.spans.delivered == 1);
  CHECK(stats.spans.dropped.total() == 0);
}

TEST_CASE("transactions that were lost as a whole are losses, too") {
  scout::testing::Recording recording;
  {
    std::vector<std::unique_ptr<scout::WebTransaction>> live;
    for (int i = 0; i < 4098; ++i) {
      scout::Attach outside{scout::TraceContext{}};
      live.push_back(std::make_unique<scout::WebTransaction>(scout::Operation{"Controller/one of many"}));
    }
  }
  CHECK(no_lost_spans(recording).message() == "2 transactions lost (2 no_slot)");
}

TEST_SUITE_END();
