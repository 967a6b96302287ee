#include <scout/instrument/unwinding.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include "../../support/trace_tree.hpp"

using scout::testing::tag_json;

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
  const auto trace = recording.traces().at(0);
  CHECK(tag_json(trace, "error") == "\"true\"");
  CHECK(tag_json(trace.spans().at(1), "error") == "\"true\"");
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
  CHECK(tag_json(recording.traces().at(0).spans().at(1), "error").empty());
}

TEST_SUITE_END();
