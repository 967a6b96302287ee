#include <scout/integrations/httplib.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <stdexcept>
#include <string>
#include <thread>

namespace {

using httplib::Request, httplib::Response;

// A server in this process, on a free port of the loopback interface.
struct RunningServer {
  template <class Register>
  explicit RunningServer(Register&& register_routes) {
    register_routes(server);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread{[this] { server.listen_after_bind(); }};
    while (!server.is_running()) std::this_thread::yield();
  }
  ~RunningServer() {
    server.stop();
    thread.join();
  }

  int get(const std::string& target, const httplib::Headers& headers = {}) {
    const auto result = httplib::Client{"127.0.0.1", port}.Get(target, headers);
    return result ? result->status : 0;
  }

  httplib::Server server;
  int port = 0;
  std::thread thread;
};

using scout::testing::tag_json;

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
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 3);
  CHECK(traces[0].operation() == "Controller/GET /characters/*");
  CHECK(tag_json(traces[0], "path") == R"("/characters/0041")");
  CHECK(tag_json(traces[0], "user_ip") == R"("127.0.0.1")");
  CHECK(tag_json(traces[0], "error") == "");
  CHECK(traces[1].operation() == "Controller/GET /files/report.txt");
  CHECK(traces[2].operation() == "Controller/GET /search");
  CHECK(tag_json(traces[2], "path") == R"("/search?q=a&token=%5BFILTERED%5D")");
  CHECK(tag_json(traces[2], "user_ip") == R"("1.2.3.4")");
  REQUIRE(traces[2].spans().size() == 2);
  CHECK(traces[2].spans()[1].operation() == "Custom/find");
}

TEST_CASE("a route can have a name of its own") {
  scout::testing::Recording recording;
  {
    RunningServer running{[](httplib::Server& server) {
      server.Get(R"(/characters/([0-9A-F]+))", scout::traced_route("GET /characters/:code", [](const Request&, Response&) {}));
    }};
    running.get("/characters/0041");
  }
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].operation() == "Controller/GET /characters/:code");
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
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 2);
  CHECK(tag_json(traces[0], "error") == "");
  CHECK(tag_json(traces[1], "error") == R"("true")");
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
  const auto traces = recording.traces();
  REQUIRE(traces.size() == 1);
  CHECK(tag_json(traces[0], "error") == R"("true")");
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
  const auto traces = recording.traces();
  std::string names;
  for (const auto& trace : traces) names += trace.operation() + "\n";
  CHECK(names ==
        "Controller/POST /a\nController/PUT /a\nController/PATCH /a\nController/DELETE /a\nController/OPTIONS "
        "/a\nController/POST /upload\n");
  CHECK(body == "hello");
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

TEST_SUITE_END();
