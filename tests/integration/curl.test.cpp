#include <scout/integrations/curl.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../support/running_server.hpp"

namespace {

using scout::testing::matches, scout::testing::span, scout::testing::tag_json, scout::testing::web;

struct Server : RunningServer {
  Server()
      : RunningServer([](httplib::Server& routes) {
          using httplib::Request, httplib::Response;
          const auto answer = [](const Request&, Response& response) { response.set_content("fine", "text/plain"); };
          routes.Get("/ok", answer).Post("/ok", answer);
          routes.Get("/fails", [](const Request&, Response& response) { response.status = 503; });
          routes.Get("/moved", [](const Request&, Response& response) { response.set_redirect("/ok"); });
        }) {}
};

struct Transfer {
  explicit Transfer(const std::string& url) {
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &discard);
    curl_easy_setopt(handle.get(), CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
  }
  static std::size_t discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{curl_easy_init(), &curl_easy_cleanup};
};

std::size_t answer_in_a_span(char*, std::size_t size, std::size_t count, void*) {
  SCOUT_INSTRUMENT("parse");
  return size * count;
}

}  // namespace

TEST_SUITE_BEGIN("integrations/curl");

TEST_CASE("a transfer is a span named by its method, with the server's address and neither path, query nor password") {
  Server server;
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"proxy"};
    Transfer get{"http://user:secret@" + server.origin().substr(7) + "ok?token=secret"};
    CHECK(scout::curl_perform(get.handle.get()) == CURLE_OK);
    Transfer post{server.origin() + "ok"};
    curl_easy_setopt(post.handle.get(), CURLOPT_POSTFIELDS, "a=1");
    CHECK(scout::curl_perform(post.handle.get()) == CURLE_OK);
    Transfer missing{server.origin() + "missing"};
    curl_easy_setopt(missing.handle.get(), CURLOPT_NOBODY, 1L);
    CHECK(scout::curl_perform(missing.handle.get()) == CURLE_OK);
  }
  CHECK(matches(recording,
                web("proxy").children(span("HTTP/GET").tag("url", server.origin()), span("HTTP/POST").tag("url", server.origin()),
                                      span("HTTP/HEAD").tag("url", server.origin()).tag("http.status_code", "404"))));
}

TEST_CASE("an error of the server's and a refused connection mark the span as failed") {
  Server server;
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"proxy"};
    Transfer failing{server.origin() + "fails"};
    CHECK(scout::curl_perform(failing.handle.get()) == CURLE_OK);
    Transfer refused{"http://127.0.0.1:1/"};
    CHECK(scout::curl_perform(refused.handle.get()) == CURLE_COULDNT_CONNECT);
  }
  CHECK(matches(recording, web("proxy").children(
                               span("HTTP/GET").tag("url", server.origin()).tag("http.status_code", "503").tag("error", "true"),
                               span("HTTP/GET").tag("url", "http://127.0.0.1:1/").tag("error", "true"))));
}

TEST_CASE("spans of a transfer's callbacks are its children, also behind a redirect") {
  Server server;
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"proxy"};
    Transfer moved{server.origin() + "moved"};
    curl_easy_setopt(moved.handle.get(), CURLOPT_WRITEFUNCTION, &answer_in_a_span);
    CHECK(scout::curl_perform(moved.handle.get()) == CURLE_OK);
    SCOUT_INSTRUMENT("after");
  }
  CHECK(matches(recording, web("proxy").children(span("HTTP/GET").tag("url", server.origin()).children(span("Custom/parse")),
                                                 span("Custom/after"))));
}

TEST_CASE("a file has neither host nor port, and its path is not told") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"proxy"};
    Transfer file{"file:///dev/null"};
    CHECK(scout::curl_perform(file.handle.get()) == CURLE_OK);
  }
  const auto traces = recording.traces();
  REQUIRE(traces.at(0).spans().size() == 2);
  CHECK(tag_json(traces[0].spans()[1], "url") == "\"file:///\"");
}

TEST_CASE("transfers of a multi handle are spans side by side") {
  Server server;
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"proxy"};
    Transfer first{server.origin() + "ok"}, second{server.origin() + "fails"};
    scout::CurlTransfer first_span, second_span;
    CURLM* const multi = curl_multi_init();
    curl_multi_add_handle(multi, first.handle.get());
    curl_multi_add_handle(multi, second.handle.get());
    for (int running = 1; running != 0;) {
      REQUIRE(curl_multi_perform(multi, &running) == CURLM_OK);
      curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    for (int left = 1; const CURLMsg* message = curl_multi_info_read(multi, &left);) {
      (message->easy_handle == first.handle.get() ? first_span : second_span).done(message->easy_handle, message->data.result);
    }
    for (CURL* handle : {first.handle.get(), second.handle.get()}) curl_multi_remove_handle(multi, handle);
    curl_multi_cleanup(multi);
  }
  CHECK(matches(
      recording,
      web("proxy").children(span("HTTP/GET").tag("url", server.origin()),
                            span("HTTP/GET").tag("url", server.origin()).tag("http.status_code", "503").tag("error", "true"))));
}

TEST_CASE("nothing is recorded outside a transaction, or where disabled_instruments names curl") {
  Server server;
  scout::Config config;
  config.disabled_instruments = {"sqlite3", "curl"};
  scout::testing::Recording recording{config};
  Transfer transfer{server.origin() + "ok"};
  CHECK(scout::curl_perform(transfer.handle.get()) == CURLE_OK);
  CHECK(recording.traces().empty());
  {
    scout::WebTransaction transaction{"proxy"};
    CHECK(scout::curl_perform(transfer.handle.get()) == CURLE_OK);
  }
  CHECK(matches(recording, web("proxy")));
}

TEST_CASE("a transfer takes its trace to the server beside the program's headers, and leaves these as they were") {
  std::mutex mutex;  // the answer orders both sides, which a race detector cannot see
  std::vector<httplib::Headers> received;
  RunningServer server([&](httplib::Server& routes) {
    routes.Get("/", [&](const httplib::Request& request, httplib::Response&) {
      std::lock_guard lock(mutex);
      received.push_back(request.headers);
    });
  });
  scout::testing::Recording recording;
  const scout::detail::HeaderList own(curl_slist_append(nullptr, "X-Own: yes"));
  Transfer transfer{server.origin()};
  const auto value = [&](std::size_t request, const char* name) {
    std::lock_guard lock(mutex);
    const auto header = received.at(request).find(name);
    return header == received[request].end() ? std::string() : header->second;
  };
  {
    SCOUT_WEB_TRANSACTION("page");
    REQUIRE(scout::web::continue_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1"));
    CHECK(scout::curl_perform(transfer.handle.get(), own.get()) == CURLE_OK);
    CHECK(curl_easy_perform(transfer.handle.get()) == CURLE_OK);
    CHECK(scout::curl_perform(transfer.handle.get(), nullptr) == CURLE_OK);
  }
  CHECK(scout::curl_perform(transfer.handle.get(), own.get()) == CURLE_OK);
  REQUIRE([&] { return std::lock_guard(mutex), received.size(); }() == 4);
  const auto recorded = recording.traces().at(0);
  REQUIRE(recorded.spans().size() == 3);
  std::string digits;
  for (const char c : std::string(recorded.spans()[1].id().text())) digits += c == '-' ? "" : std::string(1, c);
  CHECK(value(0, "traceparent") == "00-0af7651916cd43dd8448eb211c80319c-" + digits.substr(digits.size() - 16) + "-01");
  CHECK(value(0, "tracestate") == "a=1");
  CHECK(value(0, "X-Own") == "yes");
  CHECK(value(1, "traceparent") == "");
  CHECK(value(1, "X-Own") == "yes");
  CHECK(value(2, "traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  CHECK(value(2, "X-Own") == "");
  CHECK(value(3, "traceparent") == "");
  CHECK(value(3, "X-Own") == "yes");
}

TEST_CASE("what the program's headers say of a trace makes way for the transfer's own, and goes out where there is none") {
  constexpr char passed_on[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  scout::detail::HeaderList own(curl_slist_append(nullptr, (std::string("TraceParent: ") + passed_on).c_str()));
  for (const char* line : {"Tracestate: a=1", "tracestate;", "X-Own: yes"}) scout::detail::append_header(own, line);
  const auto lines_of = [](const curl_slist* list) {
    std::vector<std::string> lines;
    for (; list != nullptr; list = list->next) lines.emplace_back(list->data);
    return lines;
  };
  scout::testing::Recording recording;
  CHECK(scout::CurlTransfer().headers(own.get()) == nullptr);
  SCOUT_WEB_TRANSACTION("page");
  scout::CurlTransfer fresh;
  const std::vector<std::string> without_state = lines_of(fresh.headers(own.get()));
  REQUIRE(without_state.size() == 2);
  CHECK(without_state[0] == "X-Own: yes");
  CHECK(without_state[1].starts_with("traceparent: 00-"));
  CHECK(without_state[1].find(passed_on) == std::string::npos);
  REQUIRE(scout::web::continue_trace(passed_on, "c=3"));
  scout::CurlTransfer continued;
  const std::vector<std::string> with_state = lines_of(continued.headers(own.get()));
  REQUIRE(with_state.size() == 3);
  CHECK(with_state[2] == "tracestate: c=3");
  CHECK(lines_of(own.get()).size() == 4);
}

TEST_SUITE_END();
