#include <doctest/doctest.h>

#include <view.hpp>

#include <string>
#include <vector>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

// A view of what a desk was told, driven by keys.
struct Screen {
  void transaction(const std::string& endpoint, const std::string& request, const std::string& seconds, bool failed = false) {
    tell(R"({"StartRequest":{"request_id":")" + request + R"(","timestamp":"2026-11-23T16:50:00Z"}})");
    tell(R"({"StartSpan":{"request_id":")" + request + R"(","span_id":"s","operation":")" + endpoint +
         R"(","timestamp":"2026-11-23T16:50:00Z"}})");
    if (failed) tell(R"({"TagRequest":{"request_id":")" + request + R"(","tag":"error","value":"true"}})");
    tell(R"({"FinishRequest":{"request_id":")" + request + R"(","timestamp":"2026-11-23T16:50:)" + seconds + R"(Z"}})");
  }
  void tell(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::element message;
    REQUIRE(parser.parse(json).get(message) == simdjson::SUCCESS);
    desk.apply(message, Time{});
  }
  bool press(std::initializer_list<Key> pressed) {
    bool goes_on = true;
    for (const Key each : pressed) goes_on = view.press(each, desk);
    return goes_on;
  }
  std::vector<Line> lines() { return view.draw(desk, size, true); }
  std::string text() {
    std::string all;
    for (const Line& line : lines()) all += line.text + "\n";
    return all;
  }
  // The selected line, up to the first blank behind the name.
  std::string selected() {
    for (const Line& line : lines()) {
      if (line.style == Line::Style::selected) return line.text.substr(2, line.text.find(' ', 2) - 2);
    }
    return "";
  }

  Desk desk;
  View view{"tcp://127.0.0.1:6590"};
  TerminalSize size{100, 12};
};

void three_endpoints(Screen& screen) {
  screen.transaction("Controller/often", "a", "01");
  screen.transaction("Controller/often", "b", "01");
  screen.transaction("Controller/slow", "c", "10");
  screen.transaction("Job/failing", "d", "01", true);
}

}  // namespace

TEST_SUITE_BEGIN("local_agent/view");

TEST_CASE("the first screen shows address, account, endpoints, processes and keys") {
  Screen screen;
  CHECK(screen.text().find("No transaction yet.") != std::string::npos);
  three_endpoints(screen);
  screen.tell(
      R"({"ApplicationEvent":{"event_type":"CPU/Utilization","event_value":3.14,"source":"Pid: 7","timestamp":"2026-11-23T16:50:00Z"}})");
  CHECK("\n" + screen.text() == R"(
scout-local-agent  tcp://127.0.0.1:6590  0 connected
4 received, 4 shown, 0 thrown away

  Endpoint           Count Errors      p50      p95      p99    Total   Time by kind
> Controller/slow        1      0   10.0 s   10.0 s   10.0 s   10.0 s   Controller 100%
  Controller/often       2      0   1.00 s   1.00 s   1.00 s   2.00 s   Controller 100%
  Job/failing            1      1   1.00 s   1.00 s   1.00 s   1.00 s   Job 100%



Pid: 7  CPU 3.1 %
by time in total   t p n e a sort   enter open   ? help   q quit
)");
}

TEST_CASE("keys sort the endpoints, and the selected one stays selected") {
  Screen screen;
  three_endpoints(screen);
  CHECK(screen.selected() == "Controller/slow");
  screen.press({'n'});
  CHECK(screen.selected() == "Controller/often");
  screen.press({'e'});
  CHECK(screen.selected() == "Job/failing");
  screen.press({key::down, 't'});
  CHECK(screen.selected() == "Controller/often");
  screen.press({'p', 'a', 'n'});
  CHECK(screen.selected() == "Controller/often");
  screen.press({'j', 'j', 'j', 'j', 'k', 'G', 'g'});
  CHECK(screen.selected() == "Controller/often");
}

TEST_CASE("enter opens an endpoint and one of its traces, q and escape go back, q ends it") {
  Screen screen;
  three_endpoints(screen);
  screen.press({'n', key::enter});
  CHECK(screen.text().starts_with("Controller/often\n2 requests, 0 errors, p50 1.00 s"));
  CHECK(screen.text().find("latest first") != std::string::npos);
  screen.press({key::down, key::enter});
  CHECK(screen.text().starts_with("Controller/often  1.00 s  a\n"));
  CHECK(screen.press({'q'}));
  CHECK(screen.text().starts_with("Controller/often\n2 requests"));
  CHECK(screen.press({key::escape}));
  CHECK(screen.selected() == "Controller/often");
  CHECK(screen.press({key::escape}));
  CHECK(!screen.press({'q'}));
}

TEST_CASE("traces of an endpoint come latest, slowest or failed first") {
  Screen screen;
  screen.transaction("Job/a", "slow", "09");
  screen.transaction("Job/a", "failed", "01", true);
  screen.transaction("Job/a", "last", "02");
  screen.press({key::enter});
  const auto open_first = [&](Key order) {
    screen.press({order, key::home, key::enter});
    const std::string first = screen.text();
    screen.press({'q'});
    return first.substr(0, first.find('\n'));
  };
  CHECK(open_first('n') == "Job/a  2.00 s  last");
  CHECK(open_first('p') == "Job/a  9.00 s  slow");
  CHECK(open_first('e') == "Job/a  1.00 s  ERROR  failed");
}

TEST_CASE("an open trace stays although the store has thrown it away, and a selected one while others come") {
  Screen screen;
  screen.transaction("Job/a", "first", "01");
  screen.transaction("Job/a", "second", "03");
  screen.press({key::enter, key::down, key::enter});
  for (int i = 0; i < 1100; ++i) screen.transaction("Job/a", "later", "02");
  CHECK(screen.desk.store().find("first") == nullptr);
  CHECK(screen.text().starts_with("Job/a  1.00 s  first\n"));
}

TEST_CASE("lists and traces longer than the terminal scroll") {
  Screen screen;
  for (int i = 10; i < 40; ++i) screen.transaction("Job/" + std::to_string(i), "r" + std::to_string(i), "01");
  screen.press({'a', key::end});
  CHECK(screen.selected() == "Job/39");
  screen.press({key::page_up, key::up});
  CHECK(screen.selected() == "Job/31");
  screen.tell(R"({"StartRequest":{"request_id":"long","timestamp":"2026-11-23T16:50:00Z"}})");
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(i);
    screen.tell(R"({"StartSpan":{"request_id":"long","span_id":")" + number + R"(","operation":"Job/step )" + number +
                R"(","timestamp":"2026-11-23T16:50:00Z"}})");
  }
  screen.tell(R"({"FinishRequest":{"request_id":"long","timestamp":"2026-11-23T16:50:01Z"}})");
  screen.press({'n', key::home, 'a', 'G', key::enter, key::enter});
  CHECK(screen.text().find("lines 1 to 11 of 51") != std::string::npos);
  screen.press({'G'});
  CHECK(screen.text().find("Job/step 49") != std::string::npos);
  CHECK(screen.text().find("lines 41 to 51 of 51") != std::string::npos);
}

TEST_CASE("the help lists the keys and goes away again") {
  Screen screen;
  screen.size.height = 40;
  screen.press({'?'});
  CHECK(screen.text().find("most errors first") != std::string::npos);
  CHECK(screen.press({'q'}));
  CHECK(screen.text().find("most errors first") == std::string::npos);
}

TEST_CASE("every screen has as many lines as the terminal, none wider, in any size") {
  Screen screen;
  three_endpoints(screen);
  for (const auto& keys : {std::initializer_list<Key>{}, {key::enter}, {key::enter}, {'?'}}) {
    screen.press(keys);
    for (std::size_t width = 1; width < 130; width += 3) {
      for (std::size_t height = 1; height < 30; height += 4) {
        screen.size = {width, height};
        CAPTURE(width);
        CAPTURE(height);
        const auto lines = screen.lines();
        CHECK(lines.size() == height);
        for (const Line& line : lines) CHECK(columns(line.text) <= width);
      }
    }
  }
}

TEST_CASE("a frame starts at the top, and erases the rest of each line but a full one") {
  CHECK(frame_bytes({{"abc"}, {"d", Line::Style::selected}}, {3, 2}) == "\x1b[Habc\r\n\x1b[7md\x1b[m\x1b[K\x1b[H");
}

TEST_CASE("keys are told from the sequences a terminal sends") {
  const std::vector<Key> expected{'a', key::up, key::down, key::page_down, key::home, key::enter, key::escape};
  CHECK(keys_of("a\x1b[A\x1bOB\x1b[6~\x1b[H\r\x1b") == expected);
  CHECK(keys_of("\x1b[1;5Cx\x1b[?25$").size() == 1);
  CHECK(keys_of("").empty());
  CHECK(keys_of("\xc3\xa4").empty());
}

TEST_SUITE_END();
