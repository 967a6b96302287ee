#ifndef SCOUT_WEB_JOB_QUEUE_TIME_HPP
#define SCOUT_WEB_JOB_QUEUE_TIME_HPP

// How long a job waited between whoever queued it and the worker that runs it. The producer puts the text of
// TaskStart{} into the message under task_start_header; the worker hands what it finds there to tag_job_queue_time().

#include <algorithm>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "../core/json_text.hpp"
#include "../instrument/transaction.hpp"
#include "queue_time.hpp"

namespace scout::inline v0::web {

// Of a message: as Scout's Python agent names it.
inline constexpr std::string_view task_start_header = "scout_task_start";

// "1700000000.123456": seconds since 1970.
class TaskStart {
 public:
  // To the microsecond.
  explicit TaskStart(Time queued = std::chrono::system_clock::now()) noexcept {
    const std::int64_t microseconds = queued.time_since_epoch().count() / 1000;
    char* end = std::to_chars(text_, text_ + sizeof text_, microseconds / 1'000'000).ptr;
    *end++ = '.';
    std::int64_t weight = 100'000, rest = microseconds % 1'000'000;
    for (; weight > 0; rest %= weight, weight /= 10) *end++ = static_cast<char>('0' + rest / weight);
    size_ = static_cast<std::size_t>(end - text_);
  }

  // As long as this lives.
  std::string_view text() const noexcept { return {text_, size_}; }

 private:
  char text_[32];
  std::size_t size_;
};

// The time from the message's instant to the job's start, zero where clocks disagree and it lies ahead. The units are those
// of parse_queue_start(), by the size of the number; nothing when it is no plain number or far from any job's life.
constexpr std::optional<std::chrono::nanoseconds> parse_task_start(std::string_view task_start, Time start) noexcept {
  constexpr std::chrono::days years_ahead{9 * 365};
  if (const auto waited = parse_queue_start(task_start, start)) return waited;
  if (parse_queue_start(task_start, start + years_ahead)) return std::chrono::nanoseconds{0};
  return std::nullopt;
}
template <std::integral Number>
  requires(!std::same_as<Number, bool>)
std::optional<std::chrono::nanoseconds> parse_task_start(Number task_start, Time start) noexcept {
  char text[24];
  return parse_task_start({text, std::to_chars(text, text + sizeof text, task_start).ptr}, start);
}
template <std::floating_point Number>
std::optional<std::chrono::nanoseconds> parse_task_start(Number task_start, Time start) noexcept {
  char text[64];
  const auto number = static_cast<double>(task_start);
  if (!scout::detail::is_finite(number)) return std::nullopt;
  const auto [end, error] = std::to_chars(text, text + sizeof text, number, std::chars_format::fixed);
  return error == std::errc{} ? parse_task_start({text, end}, start) : std::nullopt;
}
template <class Duration>
std::optional<std::chrono::nanoseconds> parse_task_start(std::chrono::sys_time<Duration> task_start, Time start) noexcept {
  using namespace std::chrono;
  constexpr days longest{10 * 365}, years_ahead{9 * 365};
  const duration<double> nearly = duration<double>(start.time_since_epoch()) - duration<double>(task_start.time_since_epoch());
  if (!(nearly < longest && nearly > -years_ahead)) return std::nullopt;
  return std::max(start - time_point_cast<nanoseconds>(task_start), nanoseconds{0});
}

// Tags the current transaction; call it right after its start. The value is a text, a number or a time of the system's clock; an
// unusable one is no tag.
template <class TaskStartValue>
void tag_job_queue_time(const TaskStartValue& task_start, Time start = std::chrono::system_clock::now()) noexcept {
  if (!is_recording()) return;
  if (const auto waited = parse_task_start(task_start, start))
    scout::detail::tag_request("scout.job_queue_time_ns", waited->count());
}

}  // namespace scout::inline v0::web

#endif
