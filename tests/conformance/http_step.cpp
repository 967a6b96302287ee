#include "http_step.hpp"

#include <scout/web/request.hpp>

#include <algorithm>
#include <cctype>
#include <map>

#include "scenario_value.hpp"
#include "steps.hpp"

namespace conformance {
namespace {

constexpr std::int64_t not_found = 404;

struct CaseInsensitive {
  bool operator()(const std::string& a, const std::string& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](unsigned char x, unsigned char y) { return std::tolower(x) < std::tolower(y); });
  }
};
using Headers = std::map<std::string, std::string, CaseInsensitive>;

Headers headers_of(element step) {
  Headers headers;
  if (const auto given = find(step, "headers"); given && !given->is_null()) {
    for (const auto header : as<object>(*given, "headers")) headers[std::string(header.key)] = text_of({header.value});
  }
  return headers;
}

// Handlers are functions of the module `app`. A server that routes by path alone names the route, and "/" is home. Empty:
// no route answers.
std::string route_of(element step) {
  const std::string_view path = get<std::string_view>(step, "path");
  if (const auto handler = find(step, "handler")) {
    return handler->is_null() ? "" : fmt::format("app.{}", as<std::string_view>(*handler, "handler"));
  }
  if (get_or(step, "status", std::int64_t{200}) == not_found) return "";
  const std::string_view bare = path.substr(0, path.find('?'));
  const std::size_t first = bare.find_first_not_of('/');
  return first == std::string_view::npos ? "home" : std::string(bare.substr(first));
}

void handle(element step) {
  if (get_or(step, "throws", false)) throw ScenarioError("the handler failed");
}

}  // namespace

void perform_http_request(element step) {
  const std::string route = route_of(step);
  if (route.empty()) return;
  const Headers headers = headers_of(step);
  const scout::WebTransaction transaction(route);
  scout::web::tag_request(
      scout::web::request_of(get<std::string_view>(step, "path"),
                             find(step, "peer") ? get_or(step, "peer", std::string_view{}) : "127.0.0.1", [&](const char* name) {
                               const auto header = headers.find(name);
                               return header == headers.end() ? std::string_view{} : std::string_view{header->second};
                             }));
  try {
    handle(step);
    scout::web::tag_status(static_cast<int>(get_or(step, "status", std::int64_t{200})));
  } catch (const ScenarioError&) {
    scout::mark_error();  // the server answers 500
  }
}

}  // namespace conformance
