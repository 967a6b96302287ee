#ifndef SCOUT_BENCHMARKS_TRANSACTION_WEB_REQUEST_HPP
#define SCOUT_BENCHMARKS_TRANSACTION_WEB_REQUEST_HPP

// What a web framework's integration does for one request: a transaction, twelve headers to look through, a path with six
// parameters, three values of context, ten spans.

#include <scout/scout.hpp>
#include <scout/web/request.hpp>

#include <string_view>
#include <utility>

inline constexpr std::pair<std::string_view, std::string_view> request_headers[] = {{"Host", "shop.example"},
                                                                                    {"Accept", "text/html"},
                                                                                    {"Accept-Language", "de"},
                                                                                    {"Accept-Encoding", "gzip"},
                                                                                    {"User-Agent", "Mozilla/5.0"},
                                                                                    {"Cookie", "session=42"},
                                                                                    {"X-Forwarded-Proto", "https"},
                                                                                    {"X-Forwarded-For", "192.0.2.7"},
                                                                                    {"X-Request-Start", "t=1790000000.123"},
                                                                                    {"Referer", "https://shop.example"},
                                                                                    {"Cache-Control", "no-cache"},
                                                                                    {"Connection", "keep-alive"}};

inline std::string_view header_of_request(std::string_view name) {
  for (const auto& [key, value] : request_headers) {
    if (key == name) return value;
  }
  return {};
}

inline constexpr std::string_view request_target = "/users/show?page=3&sort=name&password=secret&q=a%20b&limit=50&tab=orders";

inline void serve_request(std::string_view name) {
  const scout::WebTransaction transaction{name};
  scout::web::tag_request(scout::web::request_of(request_target, "198.51.100.9", header_of_request));
  scout::add_context("plan", "free");
  scout::add_context("items", 17);
  scout::add_user("email", "somebody@shop.example");
  for (int i = 0; i < 10; ++i) {
    SCOUT_INSTRUMENT("load");
    asm volatile("" ::: "memory");
  }
  scout::web::tag_status(200);
}

#endif
