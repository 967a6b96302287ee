// The headers of a request that say when it was queued and who asks. An input has a line for each:
// start of the request in nanoseconds, queue start, request start, forwarded for, client ip, peer, path.

#include <scout/agent.hpp>
#include <scout/web/job_queue_time.hpp>
#include <scout/web/request.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "json_oracle.hpp"

namespace web = scout::web;
using fuzz::repaired, fuzz::require, fuzz::require_same;
using std::chrono::nanoseconds, std::chrono::seconds;
__extension__ typedef __int128 Wide;

namespace {

constexpr Wide second = 1'000'000'000;
constexpr std::int64_t earliest_start = -2'208'988'800, latest_start = 7'258'118'400;  // 1900 and 2200, in seconds

// Seconds before the first of January ten years before `start`, counted year by year.
Wide cutoff(web::Time start) {
  const auto is_leap = [](int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; };
  Wide days = -70 * 365 - 17;  // from 1900 to 1970
  int year = 1900;
  while (true) {
    const int length = is_leap(year) ? 366 : 365;
    if ((days + length) * 86400 * second > start.time_since_epoch().count()) break;
    days += length;
    ++year;
  }
  for (int i = 0; i < 10; ++i) days -= is_leap(--year) ? 366 : 365;
  return days * 86400;
}

// A plain decimal number in billionths; nothing beyond 64 bits is an instant.
std::optional<Wide> decimal(std::string_view text) {
  const auto whole = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(whole.size());
  if (whole.empty() || (!text.empty() && text.front() != '.')) return std::nullopt;
  std::string fraction(text.empty() ? text : text.substr(1));
  if (fraction.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  fraction.resize(9, '0');
  Wide value = 0;
  for (const char c : std::string(whole) + fraction) {
    value = value * 10 + (c - '0');
    if (value > Wide{1} << 100) return std::nullopt;
  }
  return value;
}

// The first unit in which the number is an instant after the cutoff counts, the finest first.
std::optional<Wide> expected_wait(std::string_view header, web::Time start) {
  if (header.substr(0, 2) == "t=") header = header.substr(2);
  const auto number = decimal(header);
  const Wide limit = cutoff(start) * second;
  if (!number || limit < 0) return std::nullopt;
  for (const Wide divisor : {second, second / 1000, second / 1'000'000, Wide{1}}) {
    if (*number <= limit * divisor) continue;
    const Wide wait = start.time_since_epoch().count() - *number / divisor;
    return wait < 0 ? std::nullopt : std::optional(wait);
  }
  return std::nullopt;
}

std::optional<Wide> expected_job_wait(std::string_view text, web::Time start) {
  if (const auto wait = expected_wait(text, start)) return wait;
  return expected_wait(text, start + seconds(9 * 365 * 86400)) ? std::optional<Wide>(0) : std::nullopt;
}

void require_wait(std::optional<nanoseconds> actual, std::optional<Wide> expected, std::string_view property) {
  const auto text = [](auto wait) { return wait ? std::to_string(static_cast<std::int64_t>(*wait)) : std::string("nothing"); };
  require_same(text(actual ? std::optional<Wide>(actual->count()) : std::nullopt), text(expected), property);
}

void check_task_start(std::string_view text, web::Time start) {
  require_wait(web::parse_task_start(text, start), expected_job_wait(text, start), "a job's wait is exact");
  const auto number = std::strtoll(std::string(text).c_str(), nullptr, 10);
  require_wait(web::parse_task_start(std::int64_t{number}, start), expected_job_wait(std::to_string(number), start),
               "an integer is as good as its text");
  const double real = std::strtod(std::string(text).c_str(), nullptr);
  const auto wait = web::parse_task_start(real, start);
  if (std::trunc(real) == real && std::abs(real) < 0x1p53) {
    require(wait == web::parse_task_start(static_cast<std::int64_t>(real), start) || std::signbit(real),
            "a whole double is as good as an integer");
  }
  require(!wait || (std::isfinite(real) && real >= 0), "no instant is negative or infinite");
}

// What a producer writes now a worker understands at any later time.
void check_producer(web::Time queued, web::Time start) {
  const std::string text(web::TaskStart(queued).text());
  if (queued.time_since_epoch().count() < 0) return;
  const auto point = text.find('.');
  require(point != std::string::npos && text.size() == point + 7 && decimal(text), "a task's start is seconds with six digits",
          text);
  require(*decimal(text) == queued.time_since_epoch().count() / 1000 * 1000, "a task's start is exact to the microsecond", text);
  if (cutoff(start) > 86400 * 365 && queued.time_since_epoch().count() / second > cutoff(start) && queued <= start) {
    require(web::parse_task_start(text, start) == nanoseconds(start - std::chrono::floor<std::chrono::microseconds>(queued)),
            "a producer's text is understood by the worker", text);
  }
}

std::string expected_user(const web::Request& request) {
  for (const std::string_view header : {request.forwarded_for, request.client_ip}) {
    std::string first(header.substr(0, header.find(',')));
    first.erase(0, first.find_first_not_of(" \t"));
    first.erase(first.find_last_not_of(" \t") + 1);
    if (!first.empty()) return first;
  }
  return std::string(request.peer);
}

constexpr scout::detail::SettingText prefixes[] = {{"health", 6}, {"a/b", 3}};
constexpr scout::detail::SettingTexts ignored{prefixes, 2};

void check_ignored(std::string_view path) {
  std::string rest(path);
  rest.erase(0, rest.find_first_not_of(" /"));
  require(web::is_ignored(path, &ignored) == (rest.rfind("health", 0) == 0 || rest.rfind("a/b", 0) == 0),
          "a path is ignored by its prefix", path);
  require(!web::is_ignored(path, nullptr), "nothing is ignored without prefixes");
}

// Keeps the tags of the last request.
struct LastRequest {
  std::map<std::string, std::string, std::less<>> tags;

  scout::Expected<void> write(const scout::Trace& trace) {
    tags.clear();
    for (const auto& tag : trace.tags()) tags.emplace(tag.key(), tag.json());
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  std::string text(std::string_view key) const {
    const auto tag = tags.find(key);
    fuzz::StrictJson strict;
    return tag == tags.end() ? "" : std::string(fuzz::string_of(strict.parse(tag->second)));
  }
  std::optional<Wide> number(std::string_view key) const {
    const auto tag = tags.find(key);
    return tag == tags.end() ? std::nullopt : std::optional<Wide>(std::stoll(tag->second));
  }
};

// What arrives at a sink, when a server does what every integration does.
void check_tags(const web::Request& request, web::Time start, int status) {
  static auto& sink = *new LastRequest;  // outlives the agent
  static const bool installed =
      scout::install({.key = "k", .name = "n", .monitor = true, .ignore = {{"health", "a/b"}}, .log_level = "off"}, sink);
  require(installed, "the agent can be installed");
  sink.tags.clear();
  {
    const scout::WebTransaction transaction("fuzz");
    web::tag_request(request, start);
    web::tag_job_queue_time(request.queue_start, start);
    web::tag_status(status);
  }
  require(scout::flush(std::chrono::seconds(20)), "a request is delivered");
  if (web::is_ignored(request.path, &ignored)) return require(sink.tags.empty(), "what is ignored is not delivered");
  web::PathText path;
  web::write_path(path, request.path, request.query);
  require_same(sink.text("path"), repaired(path.finish()), "a request has its path");
  require_same(sink.text("user_ip"), repaired(web::user_ip(request)), "a request has its user's address");
  require(sink.number("scout.queue_time_ns") ==
              expected_wait(request.queue_start.empty() ? request.request_start : request.queue_start, start),
          "a request has its queue time");
  require(sink.number("scout.job_queue_time_ns") == expected_job_wait(request.queue_start, start), "a job has its queue time");
  require(sink.tags.contains("error") == (status / 100 == 5), "500 to 599 are errors of the server");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::int64_t number = std::strtoll(std::string(fuzz::take_until(rest, '\n')).c_str(), nullptr, 10);
  const web::Time start{
      nanoseconds{std::clamp(number, earliest_start * std::int64_t{second}, latest_start * std::int64_t{second})}};
  std::map<std::string_view, std::string_view> headers;
  for (const auto* name : {"X-Queue-Start", "X-Request-Start", "X-Forwarded-For", "Client-IP"})
    headers[name] = fuzz::take_until(rest, '\n');
  const std::string_view queue_start = headers["X-Queue-Start"], request_start = headers["X-Request-Start"];
  const std::string_view peer = fuzz::take_until(rest, '\n');

  const web::Request request = web::request_of(rest, peer, [&](std::string_view name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  });
  require(
      request.forwarded_for == headers["X-Forwarded-For"] && request.client_ip == headers["Client-IP"] && request.peer == peer,
      "headers are found by name");
  require_same(std::string(request.path) + (rest.find('?') == std::string_view::npos ? "" : "?") + std::string(request.query),
               rest, "a target is its path and its query");
  require_wait(web::queue_time(request, start), expected_wait(queue_start.empty() ? request_start : queue_start, start),
               "the queue time is exact");
  for (const std::string_view text : {queue_start, request_start}) {
    check_task_start(text, start);
    if (const auto instant = decimal(text); instant && *instant < latest_start * second) {
      check_producer(web::Time(nanoseconds(static_cast<std::int64_t>(*instant))), start);
    }
  }
  require_same(web::user_ip(request), expected_user(request), "the user's address is the first that is named");
  check_ignored(request.path);
  check_tags(request, start, static_cast<int>(size));
  return 0;
}
