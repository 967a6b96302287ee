#ifndef SCOUT_WEB_REQUEST_HPP
#define SCOUT_WEB_REQUEST_HPP

// What every server integration says about a request: its path, who asks, how long it queued, whether it failed. Views of
// the server's own strings, used on the thread that serves the request; no allocation.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "../instrument/transaction.hpp"
#include "path.hpp"
#include "queue_time.hpp"
#include "trace_propagation.hpp"

namespace scout::inline v0::web {

// What a server knows of a request; views of the server's memory.
struct Request {
  std::string_view path = {};   // without the query, as it arrived
  std::string_view query = {};  // without the question mark
  std::string_view peer = {};   // address of the other end of the connection

  // Headers; empty: not there.
  std::string_view queue_start = {};    // X-Queue-Start
  std::string_view request_start = {};  // X-Request-Start
  std::string_view forwarded_for = {};  // X-Forwarded-For
  std::string_view client_ip = {};      // Client-IP
  std::string_view traceparent = {};
  std::string_view tracestate = {};
};

// A request from its target ("/search?q=a") and a callable that finds a header's value by name, empty when it is not there.
template <class FindHeader>
Request request_of(std::string_view target, std::string_view peer, FindHeader&& find_header) {
  const std::size_t question = target.find('?');
  return {.path = target.substr(0, question),
          .query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1),
          .peer = peer,
          .queue_start = find_header("X-Queue-Start"),
          .request_start = find_header("X-Request-Start"),
          .forwarded_for = find_header("X-Forwarded-For"),
          .client_ip = find_header("Client-IP"),
          .traceparent = find_header("traceparent"),
          .tracestate = find_header("tracestate")};
}

// The address of the user as far as it can be known; headers can be forged. Empty: unknown.
constexpr std::string_view user_ip(const Request& request) noexcept {
  for (std::string_view header : {request.forwarded_for, request.client_ip}) {
    std::string_view first = header.substr(0, header.find(','));
    while (!first.empty() && (first.front() == ' ' || first.front() == '\t')) first.remove_prefix(1);
    while (!first.empty() && (first.back() == ' ' || first.back() == '\t')) first.remove_suffix(1);
    if (!first.empty()) return first;
  }
  return request.peer;
}

// X-Queue-Start counts when it is there at all, even an unusable one; else X-Request-Start.
constexpr std::optional<std::chrono::nanoseconds> queue_time(const Request& request, Time start) noexcept {
  return parse_queue_start(request.queue_start.empty() ? request.request_start : request.queue_start, start);
}

// 500 to 599; a client's mistake (4xx) is not the application's error.
constexpr bool is_server_error(int status) noexcept { return status >= 500 && status <= 599; }

// Whether the configuration key `ignore` names the path: by a prefix, leading slashes aside.
inline bool is_ignored(std::string_view path, const scout::detail::SettingTexts* prefixes) noexcept {
  if (prefixes == nullptr) return false;
  path.remove_prefix(std::min(path.find_first_not_of(" /"), path.size()));
  for (std::size_t i = 0; i < prefixes->count; ++i) {
    if (path.starts_with(std::string_view(prefixes->first[i].data, prefixes->first[i].size))) return true;
  }
  return false;
}

// Tags the current transaction with the time that a header of a proxy tells; an unusable one is no tag.
inline void tag_queue_time(std::string_view header, Time start = std::chrono::system_clock::now()) noexcept {
  if (const auto waited = parse_queue_start(header, start)) scout::detail::tag_request("scout.queue_time_ns", waited->count());
}

// Tags the current transaction with the request, and says whether its path is ignored, as the configuration has it; call it right
// after the transaction's start.
inline void tag_request(const Request& request, Time start = std::chrono::system_clock::now()) noexcept {
  if (!is_recording()) return;
  const scout::detail::Settings& settings = scout::detail::current_settings();
  if (is_ignored(request.path, __atomic_load_n(&settings.ignored_paths, __ATOMIC_ACQUIRE)))
    scout::detail::flag_transaction(scout::detail::TransactionSlot::path_ignored);
  PathText path;
  write_path(path, request.path, request.query, static_cast<UriReporting>(scout::detail::load(settings.uri_reporting)));
  scout::detail::tag_request("path", path.finish());
  if (scout::detail::load(settings.collect_remote_ip)) {
    if (const std::string_view ip = user_ip(request); !ip.empty()) scout::detail::tag_request("user_ip", ip);
  }
  if (const auto waited = queue_time(request, start)) scout::detail::tag_request("scout.queue_time_ns", waited->count());
  continue_trace(request.traceparent, request.tracestate);
}

// Marks the current transaction as failed when the answer says so.
inline void tag_status(int status) noexcept {
  if (is_server_error(status)) mark_error();
}

}  // namespace scout::inline v0::web

#endif
