#include <scout/integrations/httplib.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "../support/running_server.hpp"

namespace {

using httplib::Request, httplib::Response;

using scout::testing::matches, scout::testing::span, scout::testing::tag_json, scout::testing::web;

}  // namespace

TEST_SUITE_BEGIN("integrations/httplib");

TEST_CASE("a request is a transaction named after its method and its route, not its path") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      scout::instrument(server)
          .Get(R"(/characters/([0-9A-F]+))", [](const Request&, Response& response) { response.set_content("A", "text/plain"); })
          .Get(R"(/files/report\.txt)", [](const Request&, Response&) {})
          .Get("/search", [](const Request&, Response&) { const scout::ScopedSpan span{"find"}; });
    }};
    CHECK(running.get("/characters/0041") == 200);
    CHECK(running.get("/files/report.txt") == 200);
    CHECK(running.get("/search?q=a&token=b", {{"X-Forwarded-For", "1.2.3.4"}}) == 200);
  }
  CHECK(matches(recording, web("GET /characters/*").tag("path", "/characters/0041").tag("user_ip", "127.0.0.1").no_tag("error"),
                web("GET /files/report.txt"),
                web("GET /search")
                    .tag("path", "/search?q=a&token=%5BFILTERED%5D")
                    .tag("user_ip", "1.2.3.4")
                    .children(span("Custom/find"))));
  CHECK(scout::testing::no_secrets(recording));
}

TEST_CASE("whatever regular expression a route has, its name can be read") {
  constexpr struct {
    const char *pattern, *path, *name;
  } routes[] = {
      {R"(/a/[^/]+)", "/a/77", "GET /a/*"},
      {R"(/b/\d+)", "/b/1", "GET /b/*"},
      {R"(/c/.*)", "/c/x/y", "GET /c/*"},
      {R"(/d[(]x/(\d+)/tail)", "/d(x/5/tail", "GET /d(x/*/tail"},
      {R"(/e[)]x/(\d+)/tail)", "/e)x/5/tail", "GET /e)x/*/tail"},
      {R"(/f/(?:a|b([)\]c]|\)))/(\w+)\d{2,3}?/g)", "/f/b]/word12/g", "GET /f/*/*/g"},
      {R"(/g/[\](]+\.txt/?)", "/g/(](.txt", "GET /g/*.txt/"},
      {"/h$", "/h", "GET /h"},
      {"^/i", "/i", "GET /i"},
      {"/users/:id/page.html", "/users/:id/page.html", "GET /users/:id/page.html"},
  };
  for (const auto& route : routes) {
    CAPTURE(std::string(route.pattern));
    scout::testing::Recording recording;
    {
      RunningServer running{
          [&](httplib::Server& server) { scout::instrument(server).Get(route.pattern, [](const Request&, Response&) {}); }};
      CHECK(running.get(route.path) == 200);
    }
    CHECK(matches(recording, web(route.name)));
  }
}

TEST_CASE("a route can have a name of its own") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      server.Get(R"(/characters/([0-9A-F]+))", scout::traced_route("GET /characters/:code", [](const Request&, Response&) {}));
    }};
    running.get("/characters/0041");
  }
  CHECK(matches(recording, web("GET /characters/:code")));
}

TEST_CASE("a server error marks the request, a client error does not") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      scout::instrument(server).Get(R"(/status/(\d+))", [](const Request& request, Response& response) {
        response.status = std::stoi(request.matches[1]);
      });
    }};
    CHECK(running.get("/status/404") == 404);
    CHECK(running.get("/status/503") == 503);
  }
  const auto request = web("GET /status/*");
  CHECK(matches(recording, request.no_tag("error"), request.tag("error", "true")));
}

TEST_CASE("an exception marks the request and reaches httplib's own handling") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      scout::instrument(server).Get("/fail", [](const Request&, Response&) { throw std::runtime_error{"broken"}; });
      server.set_exception_handler([](const Request&, Response& response, std::exception_ptr) { response.status = 418; });
    }};
    CHECK(running.get("/fail") == 418);
  }
  CHECK(matches(recording, web("GET /fail").tag("error", "true")));
}

TEST_CASE("requests without a route and routes that were not instrumented are not recorded") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      server.Get("/health", [](const Request&, Response&) {});
      scout::instrument(server).Get("/page", [](const Request&, Response&) {});
    }};
    CHECK(running.get("/nowhere") == 404);
    CHECK(running.get("/health") == 200);
  }
  CHECK(recording.traces().empty());
}

TEST_CASE("every method has its registration, with and without a content reader") {
  scout::testing::Recording recording;
  std::string body;
  {
    RunningServer running{[&](httplib::Server& server) {
      const auto handler = [](const Request&, Response&) {};
      scout::instrument(server)
          .Post("/a", handler)
          .Put("/a", handler)
          .Patch("/a", handler)
          .Delete("/a", handler)
          .Options("/a", handler)
          .Post("/upload", [&](const Request&, Response&, const httplib::ContentReader& reader) {
            reader([&](const char* data, std::size_t size) {
              body.append(data, size);
              return true;
            });
          });
    }};
    httplib::Client client{"127.0.0.1", running.port};
    client.Post("/a", "", "text/plain");
    client.Put("/a", "", "text/plain");
    client.Patch("/a", "", "text/plain");
    client.Delete("/a");
    client.Options("/a");
    client.Post("/upload", "hello", "text/plain");
  }
  CHECK(matches(recording, web("POST /a"), web("PUT /a"), web("PATCH /a"), web("DELETE /a"), web("OPTIONS /a"),
                web("POST /upload")));
  CHECK(body == "hello");
}

TEST_CASE("a handler may keep state of its own, as httplib allows it") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      const auto count = [n = 200](const Request&, Response& response) mutable { response.status = ++std::atomic_ref(n); };
      scout::instrument(server).Get("/next", count);
    }};
    CHECK(running.get("/next") == 201);
    CHECK(running.get("/next") == 202);
  }
  CHECK(matches(recording, web("GET /next").times(2)));
}

TEST_CASE("time in the queue in front of the server is taken from the proxy's header") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) { scout::instrument(server).Get("/a", [](const Request&, Response&) {}); }};
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    running.get("/a", {{"X-Request-Start", "t=" + std::to_string(now.count() - 2000)}});
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  const auto waited = std::stoll("0" + std::string{tag_json(traces[0], "scout.queue_time_ns")});
  CHECK(waited >= 2'000'000'000);
  CHECK(waited < 12'000'000'000);
}

namespace {

constexpr char known_trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

}  // namespace

TEST_CASE("a request's trace goes on with what its handler asks another service, which says so on its own request") {
  scout::testing::Recording recording;
  std::string asked;
  {
    RunningServer prices{[&](httplib::Server& server) {
      scout::instrument(server).Get("/price", [&](const Request& request, Response& response) {
        asked = request.get_header_value("traceparent") + ' ' + request.get_header_value("tracestate");
        response.status = request.has_header("X-Own") ? 200 : 400;
      });
    }};
    RunningServer shop{[&](httplib::Server& server) {
      scout::instrument(server).Get("/shop", [&](const Request&, Response&) {
        httplib::Client client{"127.0.0.1", prices.port};
        const auto ask = [&](const httplib::Headers& headers) { return client.Get("/price", headers); };
        CHECK(scout::traced_request("GET", {{"X-Own", "yes"}}, ask)->status == 200);
      });
    }};
    CHECK(shop.get("/shop", {{"traceparent", known_trace}, {"tracestate", "a=1"}, {"tracestate", "b=2"}}) == 200);
  }
  CHECK(asked.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  CHECK(asked.find("b7ad6b7169203331") == std::string::npos);
  CHECK(asked.ends_with("-01 a=1,b=2"));
  CHECK(matches(recording, web("GET /price").tag("traceparent", asked.substr(0, 55)).tag("tracestate", "a=1,b=2"),
                web("GET /shop").tag("traceparent", known_trace).children(span("HTTP/GET").no_tag("error"))));
}

TEST_CASE("headers that are passed on name the current trace once; outside a transaction they stay as they came") {
  const httplib::Headers received = {
      {"Traceparent", known_trace}, {"TraceState", "a=1"}, {"tracestate", "b=2"}, {"X-Own", "yes"}};
  scout::testing::Recording recording;
  CHECK(scout::trace_headers(received) == received);
  SCOUT_WEB_TRANSACTION("page");
  const httplib::Headers fresh = scout::trace_headers(received);
  REQUIRE(fresh.count("traceparent") == 1);
  CHECK(fresh.find("traceparent")->second != known_trace);
  CHECK(fresh.count("tracestate") == 0);
  CHECK(fresh.count("X-Own") == 1);
  REQUIRE(scout::web::continue_trace(known_trace, "c=3"));
  const httplib::Headers continued = scout::trace_headers(received);
  REQUIRE(continued.count("traceparent") == 1);
  CHECK(continued.find("traceparent")->second != known_trace);
  REQUIRE(continued.count("tracestate") == 1);
  CHECK(continued.find("tracestate")->second == "c=3");
}

TEST_CASE("a trace that is sent twice or malformed is none; failures of a traced request are on its span") {
  scout::testing::Recording recording;
  {
    RunningServer server{[](httplib::Server& routes) { scout::instrument(routes).Get("/a", [](const Request&, Response&) {}); }};
    server.get("/a", {{"traceparent", known_trace}, {"traceparent", known_trace}});
    server.get("/a", {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"}});
    SCOUT_WEB_TRANSACTION("asks");
    httplib::Client client{"127.0.0.1", server.port}, nobody{"127.0.0.1", 1};
    const auto missing = [&](const httplib::Headers& headers) { return client.Get("/missing", headers); };
    CHECK(scout::traced_request("GET", {}, missing)->status == 404);
    const auto refused = [&](const httplib::Headers& headers) { return nobody.Get("/", headers); };
    CHECK_FALSE(scout::traced_request("GET", {}, refused));
  }
  const auto request = web("GET /a").no_tag("traceparent");
  CHECK(matches(recording, request, request,
                web("asks").children(span("HTTP/GET").tag("http.status_code", "404").no_tag("error"),
                                     span("HTTP/GET").tag("error", "true"))));
  CHECK(scout::trace_headers().empty());
}

TEST_SUITE_END();
