#include <scout/testing/matches.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::web;

namespace {

const std::string headline = "what was recorded is not what is expected (- expected, + recorded):\n";

// users/show{load{Query Query} render}, with times.
struct Example {
  Example() {
    SCOUT_WEB_TRANSACTION("users/show");
    SCOUT_CONTEXT("plan", "free");
    {
      SCOUT_INSTRUMENT("load");
      SCOUT_TAG("rows", 2);
      clock.advance(1ms);
      for (const char* statement : {"SELECT 1", "SELECT 2"}) {
        SCOUT_INSTRUMENT("Query", "SQL");
        SCOUT_TAG("db.statement", statement);
        clock.advance(1500us);
      }
    }
    SCOUT_INSTRUMENT("render");
  }

  scout::testing::ManualClock clock;
  scout::testing::Recording recording{clock};
};

}  // namespace

TEST_SUITE_BEGIN("testing/matches");

TEST_CASE("a recording that another agent keeps from recording matches nothing, not even nothing") {
  scout::testing::Recording first, second;
  CHECK(matches(first));
  CHECK(matches(second).message() ==
        "nothing was recorded: another agent is installed, or SCOUT_MONITOR is off in the environment");
  CHECK_FALSE(matches(second, web("page")));
}

TEST_CASE("a tree matches when its spans are exactly those, and what is stated of them is true") {
  Example example;
  const auto query = span("SQL/Query").lasts(1500us);
  CHECK(matches(example.recording, web("users/show")
                                       .tag("plan", "free")
                                       .lasts(4ms)
                                       .children(span("Custom/load")
                                                     .tag("rows", 2)
                                                     .no_tag("error")
                                                     .children(query.tag("db.statement", "SELECT 1").starts_at(1ms),
                                                               query.tag("db.statement").starts_at(2500us)),
                                                 span("Custom/render").starts_at(4ms).lasts(0ms))));
  CHECK(matches(example.recording.traces().at(0),
                web("users/show").children(span("Custom/load").children(span("SQL/Query").times(2)), span("Custom/render"))));
}

TEST_CASE("a span that is missing, and one too many, are marked in the tree") {
  Example example;
  const auto result =
      matches(example.recording,
              web("users/show")
                  .children(span("Custom/load").tag("rows", 2).children(span("SQL/Query"), span("SQL/Commit").lasts(1s)),
                            span("Custom/render").children(span("HTTP/get").starts_at(1ns).tag("url"))));
  CHECK(result.message() == headline +
                                "  Controller/users/show\n"
                                "    Custom/load  rows=2\n"
                                "      SQL/Query\n"
                                "-     SQL/Commit  lasts 1s\n"
                                "+     SQL/Query  db.statement=\"SELECT 2\"\n"
                                "    Custom/render\n"
                                "-     HTTP/get  url  starts at 1ns");
}

TEST_CASE("what is not as stated of a span is shown both ways") {
  Example example;
  const auto query = span("SQL/Query");
  const auto result =
      matches(example.recording, web("users/show")
                                     .tag("plan", "paid")
                                     .dropped_spans(3)
                                     .children(span("Custom/load")
                                                   .no_tag("rows")
                                                   .tag("cached", true)
                                                   .children(query.starts_at(1ms), query.starts_at(1ms).lasts(1s)),
                                               span("Custom/render").tag("template")));
  CHECK(result.message() == headline +
                                "- Controller/users/show  plan=\"paid\"  3 dropped spans\n"
                                "+ Controller/users/show  plan=\"free\"  0 dropped spans\n"
                                "-   Custom/load  no rows  cached=true\n"
                                "+   Custom/load  rows=2  no cached\n"
                                "      SQL/Query  starts at 1ms\n"
                                "-     SQL/Query  starts at 1ms  lasts 1s\n"
                                "+     SQL/Query  starts at 2500us  lasts 1500us\n"
                                "-   Custom/render  template\n"
                                "+   Custom/render  no template");
}

TEST_CASE("the order of siblings counts unless it is said not to") {
  Example example;
  const auto load = span("Custom/load").children(span("SQL/Query").times(2));
  const auto result = matches(example.recording, web("users/show").children(span("Custom/render"), load));
  CHECK(result.message() == headline +
                                "  Controller/users/show\n"
                                "-   Custom/render\n"
                                "    Custom/load\n"
                                "      SQL/Query  ×2\n"
                                "+   Custom/render");
  CHECK(matches(example.recording, web("users/show").children(span("Custom/render"), load).in_any_order()));
}

TEST_CASE("in any order each statement has a span of its own, however they overlap") {
  Example example;
  const auto query = span("SQL/Query"), first = query.tag("db.statement", "SELECT 1"),
             third = query.tag("db.statement", "SELECT 3");
  const auto expected = [](const auto&... queries) {
    return web("users/show").children(span("Custom/load").children(queries...).in_any_order(), span("Custom/render"));
  };
  CHECK(matches(example.recording, expected(query, first)));
  CHECK(matches(example.recording, expected(first, query)));
  CHECK_FALSE(matches(example.recording, expected(first, first)));
  CHECK(matches(example.recording, expected(third, first, span("SQL/Commit"))).message() ==
        headline +
            "  Controller/users/show\n"
            "    Custom/load\n"
            "      SQL/Query  db.statement=\"SELECT 1\"\n"
            "-     SQL/Query  db.statement=\"SELECT 3\"\n"
            "+     SQL/Query  db.statement=\"SELECT 2\"\n"
            "-     SQL/Commit\n"
            "    Custom/render");
}

TEST_CASE("further children are a difference unless they are allowed") {
  Example example;
  CHECK(matches(example.recording, web("users/show").and_others()));
  CHECK(matches(example.recording, web("users/show").children(span("Custom/render")).and_others()));
  CHECK(matches(example.recording, web("users/show").children(span("Custom/render")).and_others().in_any_order()));
  CHECK_FALSE(matches(example.recording, web("users/show").children(span("Custom/render"))));
  const auto load = span("Custom/load").children(span("SQL/Query").tag("db.statement", "SELECT 2")).and_others();
  CHECK(matches(example.recording, web("users/show").children(load, span("Custom/render"))));
  const auto result = matches(example.recording, web("users/show").children(load.children(span("HTTP/get"))).and_others());
  CHECK(result.message() == headline +
                                "  Controller/users/show\n"
                                "    Custom/load\n"
                                "      SQL/Query\n"
                                "      SQL/Query  db.statement=\"SELECT 2\"\n"
                                "-     HTTP/get\n"
                                "    Custom/render");
}

TEST_CASE("among further children the one that matches is found, however much is in the others") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    for (const int part : {1, 2}) {
      SCOUT_INSTRUMENT("part");
      SCOUT_TAG("number", part);
      for (int i = part; i < 2; ++i) {
        SCOUT_INSTRUMENT("large");
        SCOUT_BACKGROUND_TRANSACTION("inner");
      }
    }
  }
  CHECK(matches(recording, web("page").children(span("Custom/part").tag("number", 2).and_others()).and_others()));
}

TEST_CASE("a recording is exactly the transactions that are stated, in the order of their ends") {
  scout::testing::Recording recording;
  CHECK(matches(recording));
  { SCOUT_WEB_TRANSACTION("a"); }
  { SCOUT_BACKGROUND_TRANSACTION("b"); }
  CHECK(matches(recording, web("a"), background("b")));
  CHECK(matches(recording, background("b"), web("a")).message() == headline + "- Job/b\n  Controller/a\n+ Job/b");
  CHECK(matches(recording).message() == headline + "+ Controller/a\n+ Job/b");
}

TEST_CASE("a tag is stated with any value that can be recorded, and has its JSON form") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    scout::add_context("list", std::vector<int>{1, 2});
    scout::add_context("object", std::map<std::string, double>{{"a", 0.5}});
    scout::add_context("none", nullptr);
    scout::add_context("long", std::string(10'000, 'x'));
  }
  CHECK(matches(recording, web("page")
                               .tag("list", std::vector<int>{1, 2})
                               .tag("object", std::map<std::string, double>{{"a", 0.5}})
                               .tag("none", nullptr)
                               .tag("long", std::string(10'000, 'x'))));
  CHECK_FALSE(matches(recording, web("page").tag("list", "[1,2]")));
  CHECK_FALSE(matches(recording, web("page").tag("none", 0)));
}

TEST_CASE("long values are compared to their ends and shown where they differ") {
  scout::testing::Recording recording;
  const std::string many(500, 'a'), euros = "€€€€€€€€€€€€€€€€€€€€";
  {
    SCOUT_WEB_TRANSACTION("page");
    scout::add_context("text", many + euros + "1" + many);
  }
  CHECK(matches(recording, web("page").tag("text", many + euros + "1" + many)));
  CHECK(matches(recording, web("page").tag("text", many + euros + "2" + many)).message() ==
        headline + "- Controller/page  text=…€€€€€€€€€€€€€€€€€2" + std::string(148, 'a') + "…[cut 353]\n" +
            "+ Controller/page  text=…€€€€€€€€€€€€€€€€€1" + std::string(148, 'a') + "…[cut 353]");
}

TEST_CASE("a deep tree is compared as fast as a flat one") {
  scout::testing::Recording recording;
  constexpr int depth = 200;
  {
    SCOUT_WEB_TRANSACTION("page");
    std::vector<std::unique_ptr<scout::ScopedSpan>> open;
    for (int i = 0; i < depth; ++i) open.push_back(std::make_unique<scout::ScopedSpan>(scout::Operation{"Custom/inner"}));
    while (!open.empty()) open.pop_back();
  }
  const auto page = [](scout::testing::ExpectedSpan innermost) {
    for (int i = 1; i < depth; ++i) innermost = span("Custom/inner").children(innermost);
    return web("page").children(innermost);
  };
  CHECK(matches(recording, page(span("Custom/inner"))));
  CHECK(matches(recording, page(span("Custom/inner").tag("key"))).message().ends_with("  no key"));
}

TEST_CASE("spans that were dropped are a difference unless they are stated") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("many");
    for (int i = 0; i < 1502; ++i) SCOUT_INSTRUMENT("step");
  }
  const auto many = web("many").children(span("Custom/step").times(1500));
  CHECK(matches(recording, many.dropped_spans(2)));
  CHECK(matches(recording, many).message() == headline +
                                                  "- Controller/many  0 dropped spans\n"
                                                  "+ Controller/many  2 dropped spans\n"
                                                  "    Custom/step  ×1500");
}

TEST_CASE("of a large tree what lies around the difference is shown, with what is above it") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    for (int i = 0; i < 40; ++i) {
      const scout::ScopedSpan group{"group " + std::to_string(i)};
      SCOUT_INSTRUMENT("inner");
    }
  }
  auto page = web("page");
  for (int i = 0; i < 40; ++i) {
    const auto group = span("Custom/group " + std::to_string(i)).children(span("Custom/inner"));
    page = page.children(i == 20 ? group.tag("key", 1) : group);
  }
  CHECK(matches(recording, page).message() == headline +
                                                  "  Controller/page\n"
                                                  "    … 38 more lines\n"
                                                  "    Custom/group 19\n"
                                                  "      Custom/inner\n"
                                                  "-   Custom/group 20  key=1\n"
                                                  "+   Custom/group 20  no key\n"
                                                  "      Custom/inner\n"
                                                  "    Custom/group 21\n"
                                                  "      … 37 more lines");
}

TEST_CASE("a difference that nobody would read to its end has an end") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    for (int i = 0; i < 500; ++i) scout::ScopedSpan{"step " + std::to_string(i)};
  }
  const std::string message = matches(recording, web("page")).message();
  CHECK(message.find("+   Custom/step 99\n") != std::string::npos);
  CHECK(message.ends_with("… 399 more lines"));
}

TEST_SUITE_END();
