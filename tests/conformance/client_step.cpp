#include <scout/integrations/curl.hpp>

#include <memory>
#include <string>

#include "../support/running_server.hpp"
#include "library_steps.hpp"

namespace conformance {
namespace {

std::size_t discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

void perform_http_client(element step) {
  static const RunningServer server{[](httplib::Server& routes) {
    routes.set_pre_routing_handler([](const httplib::Request&, httplib::Response& response) {
      response.status = 200;
      return httplib::Server::HandlerResponse::Handled;
    });
  }};
  const std::string method(get<std::string_view>(step, "method")), path(get<std::string_view>(step, "path"));
  const bool refused = get_or(step, "refused", false);
  const std::string url = (refused ? "http://127.0.0.1:1/" : server.origin()) + path.substr(path.starts_with('/'));
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &discard);
  if (method == "POST") {
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, "");
  } else if (method != "GET") {
    curl_easy_setopt(handle.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  for (std::int64_t tries = get_or(step, "retries", std::int64_t{0}); tries >= 0; --tries) {
    if (scout::curl_perform(handle.get()) == CURLE_OK) return;
  }
}

}  // namespace conformance
