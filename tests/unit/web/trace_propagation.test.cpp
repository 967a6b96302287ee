#include <scout/web/request.hpp>
#include <scout/web/trace_propagation.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>

using scout::testing::matches, scout::testing::span;
using scout::web::continue_trace, scout::web::OutgoingTrace;

namespace {

const std::string trace_id = "0af7651916cd43dd8448eb211c80319c";
const std::string header = "00-" + trace_id + "-b7ad6b7169203331-01";

// The span whose id a traceparent names.
std::string named_in(const std::string& traceparent, const scout::testing::RecordedTrace& recorded) {
  std::string found;
  for (const auto& one : recorded.spans()) {
    std::string digits;
    for (const char c : std::string(one.id().text()).substr(5)) {
      if (c != '-') digits += c;
    }
    if (digits.substr(16) == traceparent.substr(36, 16)) found = one.operation();
  }
  return found;
}

}  // namespace

TEST_SUITE_BEGIN("web/trace_propagation");

TEST_CASE("a request's trace is the context of its transaction and goes on with what it sends, from any thread") {
  scout::testing::Recording recording;
  std::string from_span, from_thread;
  {
    SCOUT_WEB_TRANSACTION("page");
    CHECK(continue_trace(header, "rojo=1 , congo=2"));
    SCOUT_INSTRUMENT("load");
    const OutgoingTrace outgoing = OutgoingTrace::current();
    from_span = outgoing.traceparent();
    CHECK(outgoing.tracestate() == "rojo=1,congo=2");
    std::thread(scout::bind([&] {
      SCOUT_INSTRUMENT("elsewhere");
      from_thread = OutgoingTrace::current().traceparent();
    })).join();
  }
  for (const std::string& text : {from_span, from_thread}) {
    CHECK(text.starts_with("00-" + trace_id + '-'));
    CHECK(text.ends_with("-01"));
  }
  const auto recorded = recording.traces().at(0);
  CHECK(matches(recorded, scout::testing::web("page")
                              .tag("traceparent", header)
                              .tag("tracestate", "rojo=1,congo=2")
                              .children(span("Custom/load").children(span("Custom/elsewhere")))));
  CHECK(named_in(from_span, recorded) == "Custom/load");
  CHECK(named_in(from_thread, recorded) == "Custom/elsewhere");
}

TEST_CASE("a transaction that nobody asked for begins a trace of its own, the same for all that it sends") {
  scout::testing::Recording recording;
  std::string first, second, other;
  {
    SCOUT_WEB_TRANSACTION("page");
    first = OutgoingTrace::current().traceparent();
    SCOUT_INSTRUMENT("load");
    second = OutgoingTrace::current().traceparent();
    CHECK(OutgoingTrace::current().tracestate().empty());
  }
  {
    SCOUT_WEB_TRANSACTION("page");
    other = OutgoingTrace::current().traceparent();
  }
  CHECK(scout::web::parse_trace_parent(first).has_value());
  CHECK(first.ends_with("-03"));
  CHECK(first.substr(0, 35) == second.substr(0, 35));
  CHECK(first != second);
  CHECK(first.substr(0, 35) != other.substr(0, 35));
}

TEST_CASE("what one request brought is not the next one's, though its place in memory is") {
  scout::testing::Recording recording;
  for (int i = 0; i < 3; ++i) {
    {
      SCOUT_WEB_TRANSACTION("continued");
      CHECK(continue_trace(header, "a=1"));
    }
    recording.traces();
    SCOUT_WEB_TRANSACTION("fresh");
    const OutgoingTrace outgoing = OutgoingTrace::current();
    CHECK_FALSE(std::string(outgoing.traceparent()).starts_with("00-" + trace_id));
    CHECK(outgoing.tracestate().empty());
  }
}

TEST_CASE("what one request brought is not that of a later one in its place, when the numbers of a place are used up and begin again") {
  scout::testing::Recording recording;
  auto& slots = scout::detail::find_registry()->transactions;
  const auto here = [] { return scout::detail::current_place().context; };
  std::uint32_t place = 0, generation = 0;
  {
    SCOUT_WEB_TRANSACTION("continued");
    CHECK(continue_trace(header, "a=1"));
    place = here().slot();
    generation = slots[place].generation;
  }
  recording.traces();
  do {  // as if half a million had come and gone
    auto* const slot = slots.acquire(place / 64);
    if (slots.index(*slot) != place) FAIL("another place");
    slots.release(*slot);
  } while (std::max(slots[place].generation, 1u) != generation);
  SCOUT_WEB_TRANSACTION("fresh");
  REQUIRE(here().slot() == place);
  REQUIRE(slots[place].generation == generation);
  const OutgoingTrace outgoing = OutgoingTrace::current();
  CHECK_FALSE(std::string(outgoing.traceparent()).starts_with("00-" + trace_id));
  CHECK(outgoing.tracestate().empty());
}

TEST_CASE("malformed headers are as none; a bad tracestate does not spoil its traceparent") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    CHECK_FALSE(continue_trace("", "a=1"));
    CHECK_FALSE(continue_trace("00-" + trace_id + "-0000000000000000-01", "a=1"));
    CHECK(OutgoingTrace::current().tracestate().empty());
    CHECK(continue_trace(header, "a=1,a=2"));
    CHECK(OutgoingTrace::current().tracestate().empty());
  }
  CHECK(matches(recording, scout::testing::web("page").tag("traceparent", header).no_tag("tracestate")));
}

TEST_CASE("below a leaf the leaf is who asks; outside a transaction nobody is") {
  scout::testing::Recording recording;
  CHECK_FALSE(OutgoingTrace::current());
  CHECK(OutgoingTrace::current().traceparent().empty());
  CHECK_FALSE(continue_trace(header, ""));
  std::string asked;
  {
    SCOUT_WEB_TRANSACTION("page");
    scout::ScopedSpan leaf{"search", "Custom", {.leaf = true}};
    scout::ScopedSpan hidden{"hidden"};
    asked = OutgoingTrace::current().traceparent();
  }
  CHECK(named_in(asked, recording.traces().at(0)) == "Custom/search");
}

TEST_CASE("a server's request brings its trace") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("page");
    scout::web::tag_request(scout::web::request_of("/a", "127.0.0.1", [](std::string_view name) {
      return name == "traceparent" ? std::string_view(header) : std::string_view(name == "tracestate" ? "a=1" : "");
    }));
    CHECK(OutgoingTrace::current().tracestate() == "a=1");
  }
  CHECK(matches(recording, scout::testing::web("page").tag("traceparent", header)));
}

TEST_SUITE_END();
