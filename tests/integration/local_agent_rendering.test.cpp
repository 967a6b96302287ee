#include <doctest/doctest.h>

#include <report.hpp>
#include <waterfall.hpp>

#include <string>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

Span span(std::string id, std::string parent, std::string operation, Duration start, Duration stop, Tags tags = {}) {
  return {std::move(id), std::move(parent), std::move(operation), Time{start}, Time{stop}, false, std::move(tags), 0,
          Duration{0}};
}

Trace example() {
  Trace trace;
  trace.request_id = "req-1";
  trace.tags = {{"path", "/blocks"}, {"error", "true"}};
  trace.spans = {span("r", "", "Controller/blocks", 0ms, 16ms),
                 span("b", "r", "SQL/Query", 0ms, 2ms, {{"db.statement", "SELECT *\n  FROM blocks"}})};
  for (int i = 0; i < 5; ++i) {
    trace.spans.push_back(
        span("n" + std::to_string(i), "r", "SQL/Query", 4ms + i * 1ms, 5ms + i * 1ms, {{"db.statement", "SELECT name"}}));
  }
  trace.spans.push_back(span("h", "r", "HTTP/GET", 12ms, 16ms, {{"url", "http://a/"}, {"error", "true"}}));
  trace.spans.push_back(span("p", "h", "Custom/parse", 14ms, 16ms));
  trace.finish(Time{16ms});
  return trace;
}

template <class Check>
void for_each_line(const std::string& text, Check check) {
  REQUIRE(text.ends_with('\n'));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    check(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace

TEST_SUITE_BEGIN("local_agent/rendering");

TEST_CASE("a waterfall shows the tree, each bar at its time, repetitions as one line") {
  CHECK("\n" + waterfall(example(), {.width = 80, .ascii = false}) == R"(
Controller/blocks  16.0 ms  ERROR  req-1
  path = /blocks
  error = true
Controller/blocks                 █████████████████████████████  16.0 ms
  SQL/Query SELECT * FROM blocks  ███▋                           2.00 ms
  SQL/Query SELECT name                  ▊████████▍              5.00 ms  ×5 N+1
  HTTP/GET http://a/                                   ▎███████  4.00 ms  ERROR
    Custom/parse                                           ▋███  2.00 ms
)");
}

TEST_CASE("a waterfall can do with ASCII") {
  CHECK("\n" + waterfall(example(), {.width = 80, .ascii = true}) == R"(
Controller/blocks  16.0 ms  ERROR  req-1
  path = /blocks
  error = true
Controller/blocks                 #############################  16.0 ms
  SQL/Query SELECT * FROM blocks  ###=                           2.00 ms
  SQL/Query SELECT name                  =########-              5.00 ms  x5 N+1
  HTTP/GET http://a/                                   -#######  4.00 ms  ERROR
    Custom/parse                                           =###  2.00 ms
)");
}

TEST_CASE("no line is wider than the terminal") {
  Trace trace = example();
  trace.spans[1].tags.push_back({"name", std::string(300, 'x')});
  trace.tags.push_back({"text", std::string(300, 'x') + "日本語日本語"});
  trace.spans[1].operation = "Custom/日本語日本語日本語日本語日本語日本語日本語日本語";
  Store store;
  store.add(trace);
  for (std::size_t width = 20; width < 160; ++width) {
    for (const bool ascii : {false, true}) {
      CAPTURE(width);
      for_each_line(waterfall(trace, {width, ascii}) + endpoint_table(store, {width, ascii}), [&](const std::string& line) {
        CHECK(columns(line) <= width);
        CHECK(!line.ends_with(' '));
        if (ascii) CHECK(cleaned(line, true).find('?') == cleaned(line, false).find('?'));
      });
    }
  }
}

TEST_CASE("text from other programs cannot steer the terminal") {
  CHECK(cleaned("a\x1b[31mb\x07\x7f\xc2\x9b"
                "1m\xe2\x80\xae!",
                false) == "a�[31mb���1m�!");
  CHECK(cleaned("a\x1b[31mb\xff", true) == "a?[31mb?");
  CHECK(cleaned("  a\t\n b  ", false) == "a b");
  Trace trace = example();
  trace.request_id = trace.spans[1].operation = "Custom/\x1b[2J\r\n";
  trace.tags.push_back({"\x1b]0;x\x07", "\x1b[2J"});
  Store store;
  store.add(trace);
  const std::string shown = waterfall(trace, {}) + endpoint_table(store, {});
  CHECK(shown.find_first_of("\x1b\x07\r") == std::string::npos);
}

TEST_CASE("very short, empty and very large traces can be shown") {
  Trace trace;
  trace.finish(Time{0s});
  CHECK(waterfall(trace, {}).starts_with("(no spans)"));
  trace.spans.push_back(span("r", "", "Controller/a", 0ms, 0ms));
  for (int i = 0; i < 5000; ++i) trace.spans.push_back(span(std::to_string(i), "r", "Custom/b", 0ms, 0ms));
  trace.finish(Time{0s});
  CHECK(waterfall(trace, {}).find("… 4801 more lines\n") != std::string::npos);
}

TEST_CASE("work on several threads at once is drawn as such and fills no more than the bar") {
  Trace trace;
  trace.spans = {span("r", "", "Controller/a", 0ms, 8ms)};
  for (int i = 0; i < 3; ++i)
    trace.spans.push_back(span(std::to_string(i), "r", "SQL/Query", 0ms, 4ms, {{"db.statement", "SELECT 1"}}));
  trace.finish(Time{8ms});
  const std::string shown = waterfall(trace, {.width = 60, .ascii = true});
  CHECK(shown.find("  ############=" + std::string(14, ' ') + "12.0 ms  x3\n") != std::string::npos);
}

TEST_CASE("the table lists endpoints by their share of the time, with errors, percentiles and kinds") {
  Store store;
  store.add(example());
  Trace job;
  job.spans = {span("r", "", "Job/quick", 0ms, 1ms)};
  job.finish(Time{1ms});
  store.add(job);
  CHECK("\n" + endpoint_table(store, {.width = 120, .ascii = false}) == R"(
Endpoint           Count Errors      p50      p95      p99   Time by kind
Controller/blocks      1      1  16.0 ms  16.0 ms  16.0 ms   N+1 ×5  SQL 44%  Controller 31%  HTTP 12%  Custom 12%
Job/quick              1      0  1.00 ms  1.00 ms  1.00 ms   Job 100%
)");
  CHECK(endpoint_table(Store{}, {}) == "No transaction yet.\n");
}

TEST_CASE("durations have three significant digits") {
  const auto text = [](Duration duration) { return duration_text(duration, false); };
  CHECK(text(0ns) == "0 ns");
  CHECK(text(999ns) == "999 ns");
  CHECK(text(1000ns) == "1.00 µs");
  CHECK(text(9996ns) == "10.0 µs");
  CHECK(text(99'960ns) == "100 µs");
  CHECK(text(999'600ns) == "1.00 ms");
  CHECK(text(12'345'678ns) == "12.3 ms");
  CHECK(text(3600s) == "3600 s");
  CHECK(duration_text(1us, true) == "1.00 us");
}

TEST_SUITE_END();
