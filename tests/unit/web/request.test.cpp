#include <scout/web/request.hpp>

#include <doctest/doctest.h>
#include <scout/agent.hpp>
#include <scout/testing.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace web = scout::web;

TEST_SUITE_BEGIN("web/request");

TEST_CASE("the user's address is the first of X-Forwarded-For, else of Client-IP, else the peer") {
  CHECK(web::user_ip({.peer = "10.0.0.9"}) == "10.0.0.9");
  CHECK(web::user_ip({.peer = "10.0.0.9", .forwarded_for = " 1.2.3.4 , 5.6.7.8", .client_ip = "9.9.9.9"}) == "1.2.3.4");
  CHECK(web::user_ip({.peer = "10.0.0.9", .forwarded_for = " ,5.6.7.8", .client_ip = "9.9.9.9"}) == "9.9.9.9");
  CHECK(web::user_ip({}) == "");
}

TEST_CASE("a present but unusable X-Queue-Start hides X-Request-Start") {
  using namespace std::chrono_literals;
  constexpr web::Time arrived{1'700'000'000s};
  CHECK(web::queue_time({.request_start = "1699999999"}, arrived) == 1s);
  CHECK(web::queue_time({.queue_start = "1699999998", .request_start = "1699999999"}, arrived) == 2s);
  CHECK(web::queue_time({.queue_start = "bogus", .request_start = "1699999999"}, arrived) == std::nullopt);
}

TEST_CASE("a target splits at its first question mark") {
  const auto no_header = [](const char*) { return std::string_view{}; };
  const auto request = web::request_of("/a?b=1?c", "::1", no_header);
  CHECK(request.path == "/a");
  CHECK(request.query == "b=1?c");
  CHECK(web::request_of("/a", "::1", no_header).query == "");
}

TEST_CASE("a request's tags are on its trace, and a failure for 500 to 599 only") {
  scout::testing::Recording recording;
  const auto now = std::chrono::system_clock::now();
  for (const int status : {200, 404, 499, 500, 599, 600}) {
    const scout::WebTransaction transaction{"show"};
    web::tag_request({.path = "/show", .query = "token=1", .peer = "::1"}, now);
    web::tag_status(status);
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 6);
  for (std::size_t i = 0; i < traces.size(); ++i) {
    CAPTURE(i);
    CHECK(scout::testing::tag_json(traces[i], "path") == R"("/show?token=%5BFILTERED%5D")");
    CHECK(scout::testing::tag_json(traces[i], "user_ip") == R"("::1")");
    CHECK(scout::testing::tag_json(traces[i], "scout.queue_time_ns") == "");
    CHECK(scout::testing::tag_json(traces[i], "error") == (i == 3 || i == 4 ? R"("true")" : ""));
  }
}

TEST_CASE("the configuration decides what is said of a request, and which paths are ignored") {
  scout::testing::Recording recording(scout::Config{.collect_remote_ip = false,
                                                    .ignore = std::vector<std::string>{"/health", "internal/"},
                                                    .uri_reporting = "path"});
  for (const char* path : {"/health-check", "//internal/metrics", "/internally", "/show"}) {
    const scout::WebTransaction transaction{"show"};
    web::tag_request({.path = path, .query = "a=1", .peer = "::1"});
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 2);
  CHECK(scout::testing::tag_json(traces[0], "path") == "\"/internally\"");
  CHECK(scout::testing::tag_json(traces[1], "path") == "\"/show\"");
  CHECK(scout::testing::tag_json(traces[1], "user_ip").empty());
  scout::configure({.collect_remote_ip = true, .ignore = std::vector<std::string>{}, .uri_reporting = "full_path"});
  {
    const scout::WebTransaction transaction{"show"};
    web::tag_request({.path = "/health", .query = "token=1", .peer = "::1"});
  }
  const auto last = recording.traces().back();
  CHECK(scout::testing::tag_json(last, "path") == "\"/health?token=1\"");
  CHECK(scout::testing::tag_json(last, "user_ip") == "\"::1\"");
}

TEST_CASE("the ignored paths may change while requests are served") {
  scout::testing::Recording recording;
  std::atomic<bool> changing = true;
  std::thread server([&] {
    do {
      const scout::WebTransaction transaction{"show"};
      web::tag_request({.path = "/health", .query = "", .peer = "::1"});
    } while (changing);
  });
  for (int i = 0; i < 100; ++i) scout::configure({.ignore = std::vector<std::string>{"/internal/" + std::to_string(i)}});
  changing = false;
  server.join();
  CHECK_FALSE(recording.traces().empty());
}

TEST_CASE("without a transaction nothing happens") {
  scout::testing::Recording recording;
  web::tag_request({.path = "/show"});
  web::tag_status(500);
  CHECK(recording.traces().empty());
}

TEST_SUITE_END();
