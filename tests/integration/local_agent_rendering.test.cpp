#include <doctest/doctest.h>

#include <json_lines.hpp>
#include <report.hpp>
#include <waterfall.hpp>

#include <cstring>
#include <string>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

Span span(std::string id, std::string parent, std::string operation, Duration start, Duration stop, Tags tags = {}) {
  return {std::move(id), std::move(parent), std::move(operation), Time{start}, Time{stop}, false, std::move(tags), {}, 0,
          Duration{0}, {}};
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
Controller/blocks  16.0 ms  ERROR  N+1 ×5  req-1
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
Controller/blocks  16.0 ms  ERROR  N+1 x5  req-1
  path = /blocks
  error = true
Controller/blocks                 #############################  16.0 ms
  SQL/Query SELECT * FROM blocks  ###=                           2.00 ms
  SQL/Query SELECT name                  =########-              5.00 ms  x5 N+1
  HTTP/GET http://a/                                   -#######  4.00 ms  ERROR
    Custom/parse                                           =###  2.00 ms
)");
}

TEST_CASE("a slow span says where it was, and the whole of its stack stands at the end") {
  Trace trace;
  trace.request_id = "req-1";
  trace.spans = {span("r", "", "Controller/a", 0ms, 1s), span("s", "r", "SQL/Query", 100ms, 700ms)};
  trace.spans[1].stack = {{"/usr/lib/libsqlite3.so", "sqlite3_step", 0}, {"src/users.cpp", "load_users", 41},
                          {"./nptl/pthread_create.c", "start_thread", 442}};
  trace.finish(Time{1s});
  CHECK("\n" + waterfall(trace, {.width = 70, .ascii = true}) == R"(
Controller/a  1.00 s  1 slow  req-1
Controller/a  #########################################   1.00 s  slow
 SQL/Query        ########################=               600 ms  slow
   at src/users.cpp:41 load_users
stack of SQL/Query, 600 ms
  /usr/lib/libsqlite3.so sqlite3_step
  src/users.cpp:41 load_users
  ./nptl/pthread_create.c:442 start_thread
)");
}

TEST_CASE("a statement that ran too often says from where, though none of its runs is slow") {
  Trace trace = example();
  trace.spans[5].stack = {{"/usr/lib/libsqlite3.so", "sqlite3_step", 0}, {"src/database.cpp", "step", 7},
                          {"/usr/include/c++/12/vector", "each", 3}, {"src/users.cpp", "load_users", 41}, {"src/main.cpp", "main", 5}};
  const std::string text = waterfall(trace, {.width = 80, .ascii = true});
  const auto row = text.find("x5 N+1\n");
  REQUIRE(row != std::string::npos);
  CHECK(text.substr(row).starts_with("x5 N+1\n    at src/database.cpp:7 step\n    from src/users.cpp:41 load_users\n"));
  CHECK(text.find("stack of SQL/Query") != std::string::npos);
}

TEST_CASE("a span says what it allocated, and where the exception was thrown that it failed with; the request, too") {
  Trace trace;
  trace.request_id = "req-1";
  trace.spans = {span("r", "", "Controller/a", 0ms, 100ms), span("s", "r", "Custom/pay", 10ms, 60ms)};
  trace.spans[1].tags = {{"error", "true"}, {"allocations", "12"}};
  trace.spans[1].error_stack = {{"/usr/lib/libc.so", "raise", 0}, {"src/pay.cpp", "charge", 7}};
  trace.error_stack = {{"src/pay.cpp", "charge", 7}};
  trace.finish(Time{100ms});
  CHECK("\n" + waterfall(trace, {.width = 70, .ascii = true}) == R"(
Controller/a  100 ms  req-1
Controller/a  #################################   100 ms
 Custom/pay      =################               50.0 ms  ERROR 12 new
   thrown at src/pay.cpp:7 charge
thrown in Custom/pay
  /usr/lib/libc.so raise
  src/pay.cpp:7 charge
thrown in Controller/a
  src/pay.cpp:7 charge
)");
}

TEST_CASE("spans that were lost are told, whoever lost them") {
  Trace trace;
  trace.spans = {span("r", "", "Controller/a", 0ms, 1ms)};
  trace.tags = {{"scout.dropped_spans", "1500"}, {"scout.reached_span_cap", "true"}};
  trace.spans_not_kept = 2;
  trace.finish(Time{1ms});
  CHECK(waterfall(trace, {}).starts_with("Controller/a  1.00 ms  1,502 spans lost  span cap reached"));
}

TEST_CASE("in a narrow terminal the bars stay, and marks that leave no room for them stand below") {
  CHECK("\n" + waterfall(example(), {.width = 40, .ascii = true}) == R"(
Controller/blocks  16.0 ms  ERROR  N+...
  path = /blocks
  error = true
Controller...  ########  16.0 ms
 SQL/Query...  #         2.00 ms
 SQL/Query...    ##=     5.00 ms  x5 N+1
 HTTP/GET ...        ##  4.00 ms  ERROR
  Custom/p...         #  2.00 ms
)");
  Trace trace = example();
  trace.spans[2].tags.push_back({"error", "true"});
  CHECK(waterfall(trace, {.width = 40, .ascii = true}).find("  5.00 ms\n   ERROR x5 N+1\n") != std::string::npos);
}

TEST_CASE("an account adds up and names who sent it") {
  Desk desk;
  simdjson::dom::parser parser;
  const auto apply = [&](const char* json) {
    simdjson::dom::element message;
    REQUIRE(parser.parse(json, std::strlen(json)).get(message) == simdjson::SUCCESS);
    desk.apply(message, Time{});
  };
  apply(R"({"ApplicationEvent":{"event_type":"CPU/Utilization","event_value":3.14,"source":"Pid: 7","timestamp":"x"}})");
  apply(R"({"ApplicationEvent":{"event_type":"Memory/Physical","event_value":45.25,"source":"Pid: 7","timestamp":"x"}})");
  apply(R"({"ApplicationEvent":{"event_type":"scout.metadata","event_value":{},"source":"Pid: 8","timestamp":"x"}})");
  apply(R"({"StartRequest":{"request_id":"r"}})");
  apply(R"({"FinishRequest":{"request_id":"r"}})");
  apply(R"({"StartRequest":{"request_id":"s"}})");
  CHECK("\n" + account_text(desk, {}) == R"(
1 transactions received, 1 shown, 0 thrown away
  1 not finished yet
0 connections, 0 messages, 0 refused, 0 broken connections, 0 timed out
Pid: 7  CPU 3.1 %  45.2 MiB
)");
}

TEST_CASE("JSON lines are valid JSON, whatever stands in a trace") {
  Trace trace = example();
  trace.spans[1].operation = "SQL/\x1b\"\n\xff";
  trace.spans[1].stack = {{"a.cpp", "f<\"x\">", 3}};
  Desk desk;
  simdjson::dom::parser parser;
  simdjson::dom::element parsed;
  const std::string text = trace_json(trace);
  REQUIRE(parser.parse(text).get(parsed) == simdjson::SUCCESS);
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(parsed["n_plus_one"].at(0)["count"].get_int64().value() == 5);
  CHECK(parsed["tree"].at(1)["stack"].at(0)["line"].get_int64().value() == 3);
  CHECK(parsed["tags"]["path"].get_string().value() == "/blocks");
  REQUIRE(parser.parse(account_json(desk, 3)).get(parsed) == simdjson::SUCCESS);
  CHECK(parsed["transactions"]["lines_skipped"].get_int64().value() == 3);
}

TEST_CASE("no line is wider than the terminal") {
  Trace trace = example();
  trace.spans[1].tags.push_back({"name", std::string(300, 'x')});
  trace.tags.push_back({"text", std::string(300, 'x') + "日本語日本語"});
  trace.spans[1].operation = "Custom/日本語日本語日本語日本語日本語日本語日本語日本語";
  Store store;
  store.add(trace);
  for (std::size_t width = 1; width < 160; ++width) {
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
  const std::string shown = waterfall(trace, {.width = 80, .ascii = true});
  CHECK(shown.find("  ######################=" + std::string(24, ' ') + "12.0 ms  x3\n") != std::string::npos);
}

TEST_CASE("the table lists endpoints by their share of the time, with errors, percentiles and kinds") {
  Store store;
  store.add(example());
  Trace job;
  job.spans = {span("r", "", "Job/quick", 0ms, 1ms)};
  job.finish(Time{1ms});
  store.add(job);
  CHECK("\n" + endpoint_table(store, {.width = 130, .ascii = false}) == R"(
Endpoint            Count Errors      p50      p95      p99    Total   Time by kind
Controller/blocks       1      1  16.0 ms  16.0 ms  16.0 ms  16.0 ms   N+1 ×5  SQL 44%  Controller 31%  HTTP 12%  Custom 12%
Job/quick               1      0  1.00 ms  1.00 ms  1.00 ms  1.00 ms   Job 100%
)");
  CHECK("\n" + endpoint_table(store, {.width = 40, .ascii = true}) == R"(
Endpoint            Count      p95   ...
Controller/blocks       1  16.0 ms   ...
Job/quick               1  1.00 ms   ...
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
