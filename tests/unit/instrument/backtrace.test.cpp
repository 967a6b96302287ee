// The stacks of slow spans. The functions below have external names, so that they are known with and without debug information.
// Compiled twice: as the other tests, and optimised without debug information, where nothing but the count of scout's own frames
// keeps these out of a stack, and a call that comes last in a function may be a jump.
#include <doctest/doctest.h>
#include <scout/scout.hpp>
#include <scout/testing.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;
using scout::testing::ManualClock;
using scout::testing::Recording;

namespace scout_tests {

[[gnu::noinline]] void load_slowly(ManualClock& clock, std::chrono::milliseconds time) {
  SCOUT_INSTRUMENT("load");
  clock.advance(time);
}
[[gnu::noinline]] void show_users(ManualClock& clock, std::chrono::milliseconds time) {
  load_slowly(clock, time);
  asm volatile("");  // no tail call
}
[[gnu::noinline]] void fail_slowly(ManualClock& clock) {
  SCOUT_INSTRUMENT("fail");
  clock.advance(600ms);
  throw std::runtime_error("too slow");
}
[[gnu::noinline]] void catch_failure(ManualClock& clock) {
  try {
    fail_slowly(clock);
  } catch (const std::runtime_error&) {
  }
}
[[gnu::noinline]] void wait_in_movable_span(ManualClock& clock) {
  scout::Span span("wait");
  clock.advance(600ms);
}
[[gnu::noinline]] void end_movable_span(scout::Span& span) { span.end(); }
[[gnu::noinline]] void end_movable_span_at(scout::Span& span, std::chrono::steady_clock::time_point stop) { span.end(stop); }
template <class... Options>
[[gnu::noinline]] void run_with_options(ManualClock& clock, Options... options) {
  scout::ScopedSpan span("report", "Custom", options...);
  clock.advance(600ms);
}
[[gnu::noinline]] void nest_deeply(int levels, ManualClock& clock) {
  if (levels == 0) return load_slowly(clock, 600ms);
  nest_deeply(levels - 1, clock);
  asm volatile("");
}

// Opens so many spans, one in the other, then does something in the innermost.
template <class Innermost>
[[gnu::noinline]] void open_spans(int levels, const Innermost& innermost) {
  SCOUT_INSTRUMENT("open");
  levels == 1 ? innermost() : open_spans(levels - 1, innermost);
}

}  // namespace scout_tests

namespace {

// The stack tag of the one span with this operation; empty: it has none.
std::string stack_of(Recording& recording, std::string_view operation) {
  std::string stack;
  for (const auto& trace : recording.traces()) {
    for (const auto& span : trace.spans()) {
      if (span.operation() != operation) continue;
      for (const auto& tag : span.tags()) {
        if (tag.key() == "stack") stack = tag.json();
      }
    }
  }
  return stack;
}

// The function of a frame, without its parameters; the innermost unless said otherwise.
std::string function_in(std::string_view stack, int frame = 0) {
  constexpr std::string_view key = R"("function":")";
  for (; frame >= 0; --frame) {
    const auto begin = stack.find(key);
    if (begin == stack.npos) return {};
    stack.remove_prefix(begin + key.size());
  }
  return std::string(stack.substr(0, stack.find_first_of("(\"")));
}

std::size_t frames_in(std::string_view stack) {
  std::size_t count = 0;
  for (auto at = stack.find("\"function\""); at != stack.npos; at = stack.find("\"function\"", at + 1)) ++count;
  return count;
}

}  // namespace

TEST_SUITE_BEGIN("backtrace");

TEST_CASE("a span of more than half a second keeps its stack, the innermost function first, scout's own left out") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout_tests::show_users(clock, 501ms);
  }
  const std::string stack = stack_of(recording, "Custom/load");
  CAPTURE(stack);
  const auto inner = stack.find("scout_tests::load_slowly"), outer = stack.find("scout_tests::show_users");
  REQUIRE(inner != stack.npos);
  REQUIRE(outer != stack.npos);
  CHECK(inner < outer);
  CHECK(function_in(stack) == "scout_tests::load_slowly");
  CHECK(stack.find("end_span") == stack.npos);
}

TEST_CASE("the stack of a slow span that an exception ends begins with its function") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout_tests::catch_failure(clock);
  }
  // A compiler may put what follows an exception into a part of the function that has no name.
  CHECK(function_in(stack_of(recording, "Custom/fail"), 1) == "scout_tests::catch_failure");
}

TEST_CASE("the stack of a slow span begins with its function, with the processor's counter as well") {
  scout::Config config;
  config.slow_span_seconds = 1e-9;
  Recording recording(config);
  std::string stack;
  // What is slow is known once the counter's rate is.
  for (int tries = 0; stack.empty() && tries < 10'000; ++tries) {
    {
      scout::WebTransaction transaction("users");
      ManualClock clock;
      scout_tests::show_users(clock, 0ms);
    }
    stack = stack_of(recording, "Custom/load");
  }
  CHECK(function_in(stack) == "scout_tests::load_slowly");
}

TEST_CASE("a span of half a second or less keeps none") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout_tests::show_users(clock, 500ms);
  }
  CHECK(stack_of(recording, "Custom/load").empty());
}

TEST_CASE("transactions keep no stack, nested ones neither") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction outer("outer");
    scout::WebTransaction inner("inner");
    scout::WebTransaction::start("started");
    clock.advance(2s);
    scout::WebTransaction::stop();
  }
  CHECK(recording.traces().size() == 1);
  for (const auto* operation : {"Controller/outer", "Controller/inner", "Controller/started"}) {
    CHECK(stack_of(recording, operation).empty());
  }
}

TEST_CASE("a slow span keeps its stack unless its options say otherwise") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout_tests::run_with_options(clock);
  }
  CHECK(stack_of(recording, "Custom/report").find("run_with_options") != std::string::npos);
  {
    scout::WebTransaction transaction("users");
    scout_tests::run_with_options(clock, scout::SpanOptions{.capture_backtrace = false});
  }
  CHECK(recording.traces().back().spans()[1].tags().empty());
}

TEST_CASE("a movable span has the stack of where it ends") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout::Span span("fetch");
    clock.advance(600ms);
    std::thread([moved = std::move(span)]() mutable { moved.end(); }).join();
  }
  CHECK(frames_in(stack_of(recording, "Custom/fetch")) >= 2);
}

TEST_CASE("the stack of a slow movable span begins with the function that ends it") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout_tests::wait_in_movable_span(clock);
    scout::Span ended("ended"), ended_at("ended at");
    clock.advance(600ms);
    scout_tests::end_movable_span(ended);
    scout_tests::end_movable_span_at(ended_at, std::chrono::steady_clock::now());
  }
  CHECK(function_in(stack_of(recording, "Custom/wait")) == "scout_tests::wait_in_movable_span");
  CHECK(function_in(stack_of(recording, "Custom/ended")) == "scout_tests::end_movable_span");
  CHECK(function_in(stack_of(recording, "Custom/ended at")) == "scout_tests::end_movable_span_at");
}

TEST_CASE("the threshold is configuration, and 0 switches stacks off") {
  ManualClock clock;
  for (const double seconds : {0.1, 0.0}) {
    scout::Config config;
    config.slow_span_seconds = seconds;
    Recording recording(clock, config);
    {
      scout::WebTransaction transaction("users");
      scout_tests::show_users(clock, 101ms);
    }
    CHECK(stack_of(recording, "Custom/load").empty() == (seconds == 0));
  }
}

TEST_CASE("a deep stack keeps its fifty innermost frames") {
  ManualClock clock;
  Recording recording(clock);
  {
    scout::WebTransaction transaction("users");
    scout_tests::nest_deeply(200, clock);
  }
  const std::string stack = stack_of(recording, "Custom/load");
  CHECK(frames_in(stack) == 50);
  CHECK(stack.find("load_slowly") < stack.find("nest_deeply"));
}

#if defined(SCOUT_USE_LIBBACKTRACE) && !defined(WITHOUT_DEBUG_INFORMATION)
TEST_CASE("with debug information a frame has its file below the application's root, and its line") {
  constexpr std::string_view file = __FILE__;
  scout::Config config;
  config.application_root = std::string(file.substr(0, file.find("/unit/instrument/")));
  ManualClock clock;
  Recording recording(clock, config);
  {
    scout::WebTransaction transaction("users");
    scout_tests::show_users(clock, 600ms);
  }
  // A name that is relative to where this was built is below no root: it is shown from the project on.
  const std::string shown(file.substr(file.find(file.starts_with("../") ? "tests/" : "unit/")));
  CHECK(stack_of(recording, "Custom/load").find("\"file\":\"" + shown + "\",\"line\":24") != std::string::npos);
}
#endif

TEST_CASE("without room for it the stack is dropped and counted, the span is not") {
  scout::Config config;
  config.ring_size = 4096;
  ManualClock clock;
  Recording recording(clock, config);
  std::uint64_t spans = 0, without_stack = 0, tries = 0;
  // The open spans have taken 120 of 128 places when the innermost one wants to keep its stack, unless the collector looked meanwhile.
  for (; without_stack == 0 && tries < 100; ++tries) {
    std::thread([&] {
      scout::WebTransaction transaction("users");
      scout_tests::open_spans(120, [&] { clock.advance(600ms); });
    }).join();
    spans = 0;
    for (const auto& trace : recording.traces()) {
      for (const auto& span : trace.spans()) {
        spans += span.operation() == "Custom/open";
        without_stack += span.operation() == "Custom/open" && span.tags().empty();
      }
    }
  }
  CHECK(spans == 120 * tries);
  CHECK(without_stack > 0);
  CHECK(recording.stats().dropped_tags == without_stack);
}

TEST_SUITE_END();
