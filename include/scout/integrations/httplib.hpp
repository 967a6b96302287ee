#ifndef SCOUT_INTEGRATIONS_HTTPLIB_HPP
#define SCOUT_INTEGRATIONS_HTTPLIB_HPP

// cpp-httplib's server: a transaction "Controller/GET /characters/*" for every request that a route answers. The library
// does not tell which route matched, so handlers are wrapped where they are registered:
//
//   scout::instrument(server).Get("/search", search).Get(R"(/characters/([0-9A-F]+))", character);
//
// or one by one, with a name of your own: server.Get(pattern, scout::traced_route("GET /characters/:code", character)).
// Requests that no route answers are not recorded. A request that says in W3C's headers which trace it belongs to is
// continued, and what asks another service carries them on, in a span "HTTP/GET":
//
//   scout::traced_request("GET", {}, [&](const httplib::Headers& headers) { return client.Get("/prices", headers); });

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../instrument/unwinding.hpp"
#include "../web/request.hpp"

namespace scout::inline v0 {
namespace detail {

// Looks at the answer while the transaction is still open.
class RouteOutcome {
 public:
  explicit RouteOutcome(const httplib::Response& response) noexcept : response_(response) {}
  ~RouteOutcome() { web::tag_status(response_.status); }
  RouteOutcome(const RouteOutcome&) = delete;
  RouteOutcome& operator=(const RouteOutcome&) = delete;

 private:
  const httplib::Response& response_;
  ErrorOnUnwind<const CurrentRequest> error_;  // the exception goes on to httplib's own handling
};

inline std::string_view header_of(const httplib::Request& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view{} : std::string_view{found->second};
}

// A header that may come in several parts, as one.
inline std::string joined_header(const httplib::Request& request, const char* name) {
  std::string joined;
  const auto [first, last] = request.headers.equal_range(name);
  for (auto header = first; header != last; ++header) joined += (header == first ? "" : ",") + header->second;
  return joined;
}

// Where the part of a regular expression ends that begins at `at`: a group or a bracket expression with all that it holds, an
// escape, or a character.
inline std::size_t end_of_part(std::string_view pattern, std::size_t at) {
  const char first = pattern[at++];
  if (first == '\\') ++at;
  if (first == '(' || first == '[') {
    const char last = first == '(' ? ')' : ']';
    while (at < pattern.size() && pattern[at] != last) {
      at = first == '(' || pattern[at] == '\\' ? end_of_part(pattern, at) : at + 1;
    }
    ++at;
  }
  return std::min(at, pattern.size());
}

// Behind a quantifier that may stand at `at`: "*", "+?", "{2,3}".
inline std::size_t end_of_quantifier(std::string_view pattern, std::size_t at) {
  const std::size_t begin = at;
  if (at < pattern.size() && std::string_view("*+?").find(pattern[at]) != pattern.npos) ++at;
  if (at < pattern.size() && pattern[at] == '{') at = std::min(pattern.find('}', at), pattern.size() - 1) + 1;
  return at != begin && at < pattern.size() && pattern[at] == '?' ? at + 1 : at;
}

// A route's pattern without its regular expressions: "/characters/([0-9A-F]+)" is "/characters/*". A dot that is not repeated
// stays: it is meant as one.
inline std::string readable_pattern(std::string_view pattern) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t end = end_of_part(pattern, at);
    const std::string_view part = pattern.substr(at, end - at);
    at = end_of_quantifier(pattern, end);
    if (part == "^" || part == "$") continue;
    const bool is_plain = part.size() == 1 && (part != "." || at == end);
    const bool is_escaped = part.size() == 2 && part[0] == '\\' && std::isalnum(static_cast<unsigned char>(part[1])) == 0;
    const bool is_bracketed = part.size() == 3 && part[0] == '[' && part[1] != '^';  // "[(]"
    const char shown = is_plain ? part[0] : is_escaped || is_bracketed ? part[1] : '*';
    if (shown != '*' || !text.ends_with('*')) text += shown;
  }
  return text;
}

template <class Handler>
class TracedRoute {
 public:
  TracedRoute(std::string name, Handler handler) : name_(std::move(name)), handler_(std::move(handler)) {}

  // As httplib's own call of a handler: not constant, and from all of its threads.
  void operator()(const httplib::Request& request, httplib::Response& response) requires
      std::is_invocable_v<Handler&, const httplib::Request&, httplib::Response&> {
    run(request, response);
  }
  void operator()(const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& reader) requires
      std::is_invocable_v<Handler&, const httplib::Request&, httplib::Response&, const httplib::ContentReader&> {
    run(request, response, reader);
  }

 private:
  template <class... Reader>
  void run(const httplib::Request& request, httplib::Response& response, const Reader&... reader) {
    const WebTransaction transaction(name_);
    const std::string parent = joined_header(request, "traceparent"), state = joined_header(request, "tracestate");
    web::Request said =
        web::request_of(request.target, request.remote_addr, [&](const char* header) { return header_of(request, header); });
    said.traceparent = parent;
    said.tracestate = state;
    web::tag_request(said);
    const RouteOutcome outcome(response);
    handler_(request, response, reader...);
  }

  std::string name_;
  Handler handler_;
};

}  // namespace detail

// A handler for any of httplib::Server's registrations; `name` ("GET /characters/:code") must not contain ids.
template <class Handler>
auto traced_route(std::string name, Handler handler) {
  return detail::TracedRoute<Handler>(std::move(name), std::move(handler));
}

// Registers traced handlers under the method and pattern as their name. Holds a reference; needed only while registering.
class InstrumentedServer {
 public:
  explicit InstrumentedServer(httplib::Server& server) noexcept : server_(server) {}

  // As httplib::Server's; the transaction is "Controller/<METHOD> <pattern>".
  template <class Handler>
  InstrumentedServer& Get(const std::string& pattern, Handler handler) {
    server_.Get(pattern, traced("GET ", pattern, std::move(handler)));
    return *this;
  }
  template <class Handler>
  InstrumentedServer& Post(const std::string& pattern, Handler handler) {
    server_.Post(pattern, traced("POST ", pattern, std::move(handler)));
    return *this;
  }
  template <class Handler>
  InstrumentedServer& Put(const std::string& pattern, Handler handler) {
    server_.Put(pattern, traced("PUT ", pattern, std::move(handler)));
    return *this;
  }
  template <class Handler>
  InstrumentedServer& Patch(const std::string& pattern, Handler handler) {
    server_.Patch(pattern, traced("PATCH ", pattern, std::move(handler)));
    return *this;
  }
  template <class Handler>
  InstrumentedServer& Delete(const std::string& pattern, Handler handler) {
    server_.Delete(pattern, traced("DELETE ", pattern, std::move(handler)));
    return *this;
  }
  template <class Handler>
  InstrumentedServer& Options(const std::string& pattern, Handler handler) {
    server_.Options(pattern, traced("OPTIONS ", pattern, std::move(handler)));
    return *this;
  }

 private:
  template <class Handler>
  static auto traced(const char* method, const std::string& pattern, Handler handler) {
    return traced_route(method + detail::readable_pattern(pattern), std::move(handler));
  }

  httplib::Server& server_;
};

inline InstrumentedServer instrument(httplib::Server& server) noexcept { return InstrumentedServer(server); }

// Adds what tells another service the current trace, in place of what the headers say of one (they may be those of a request
// that is passed on: a trace that is named twice is none). Outside a transaction they stay as they are.
inline httplib::Headers trace_headers(httplib::Headers headers = {}) {
  const web::OutgoingTrace trace = web::OutgoingTrace::current();
  if (!trace) return headers;
  for (const char* name : {"traceparent", "tracestate"}) headers.erase(name);
  headers.emplace("traceparent", trace.traceparent());
  if (!trace.tracestate().empty()) headers.emplace("tracestate", trace.tracestate());
  return headers;
}

// A request of httplib::Client in a span "HTTP/<method>": `send` gets the headers with the trace and returns the client's
// result. The tags http.status_code, of 400 and more, and error are those of libcurl's transfers.
template <class Send>
httplib::Result traced_request(std::string_view method, httplib::Headers headers, Send&& send) {
  ScopedSpan span(method, "HTTP");
  httplib::Result result = send(std::as_const(headers = trace_headers(std::move(headers))));
  if (result && result->status >= 400) span.tag("http.status_code", std::to_string(result->status));
  if (!result || result->status >= 500) span.mark_error();
  return result;
}

}  // namespace scout::inline v0

#endif
