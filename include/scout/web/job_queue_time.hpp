#ifndef SCOUT_WEB_JOB_QUEUE_TIME_HPP
#define SCOUT_WEB_JOB_QUEUE_TIME_HPP

// How long a job waited between whoever queued it and the worker that runs it. The producer puts the text of
// TaskStart{} into the message under task_start_header; the worker hands what it finds there to tag_job_queue_time().

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

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
inline std::optional<std::chrono::nanoseconds> parse_task_start(std::int64_t task_start, Time start) noexcept {
  char text[24];
  return parse_task_start({text, std::to_chars(text, text + sizeof text, task_start).ptr}, start);
}
inline std::optional<std::chrono::nanoseconds> parse_task_start(double task_start, Time start) noexcept {
  char text[64];
  if (!scout::detail::is_finite(task_start)) return std::nullopt;
  const auto [end, error] = std::to_chars(text, text + sizeof text, task_start, std::chars_format::fixed);
  return error == std::errc{} ? parse_task_start({text, end}, start) : std::nullopt;
}

// Tags the current transaction; call it right after its start. An unusable value is no tag.
template <class TaskStartValue>
void tag_job_queue_time(const TaskStartValue& task_start, Time start = std::chrono::system_clock::now()) noexcept {
  if (!is_recording()) return;
  if (const auto waited = parse_task_start(task_start, start))
    scout::detail::tag_request("scout.job_queue_time_ns", waited->count());
}

}  // namespace scout::inline v0::web

#endif
