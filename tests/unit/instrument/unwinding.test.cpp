#include <scout/instrument/unwinding.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

using scout::testing::matches, scout::testing::span, scout::testing::web;

TEST_SUITE_BEGIN("instrument/unwinding");

TEST_CASE("an exception that leaves the scope marks its span, and the request where there is none") {
  scout::testing::Recording recording;
  try {
    scout::WebTransaction transaction{"page"};
    scout::ErrorOnUnwind request;
    scout::ScopedSpan span{"throws"};
    scout::ErrorOnUnwind guard{span};
    throw 1;
  } catch (int) {
  }
  CHECK(matches(recording, web("page").tag("error", "true").children(span("Custom/throws").tag("error", "true"))));
}

TEST_CASE("without an exception of its own a scope is not marked, even while another one unwinds") {
  scout::testing::Recording recording;
  struct Cleanup {
    ~Cleanup() {
      scout::ScopedSpan span{"cleanup"};
      scout::ErrorOnUnwind guard{span};
    }
  };
  try {
    scout::WebTransaction transaction{"page"};
    Cleanup cleanup;
    throw 1;
  } catch (int) {
  }
  CHECK(matches(recording, web("page").children(span("Custom/cleanup").no_tag("error"))));
}

TEST_SUITE_END();
