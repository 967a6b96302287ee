#ifndef SCOUT_WEB_QUEUE_TIME_HPP
#define SCOUT_WEB_QUEUE_TIME_HPP

// How long a request waited in front of the application, from the header that a proxy sets: X-Queue-Start or
// X-Request-Start, seconds, milliseconds, microseconds or nanoseconds since 1970, with or without "t=" and a fraction.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace scout::inline v0::detail {

// A plain decimal number; digits behind the ninth of the fraction are checked and dropped.
struct Decimal {
  std::uint64_t whole, billionths;
};
constexpr std::optional<Decimal> parse_decimal(std::string_view text) noexcept {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  Decimal number{0, 0};
  std::size_t i = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) {
    if (number.whole > largest / 10) return std::nullopt;
    number.whole = number.whole * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (i == text.size()) return number;
  if (text[i] != '.') return std::nullopt;
  std::uint64_t weight = 100'000'000;
  for (++i; i < text.size(); ++i, weight /= 10) {
    if (!is_digit(text[i])) return std::nullopt;
    number.billionths += weight * static_cast<std::uint64_t>(text[i] - '0');
  }
  return number;
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::web {

// Wall time.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

// The time from the header's instant to the request's start. Nothing when the header is unusable: no plain number, before
// the first of January ten years ago (UTC), or in the future of the start.
constexpr std::optional<std::chrono::nanoseconds> parse_queue_start(std::string_view header, Time start) noexcept {
  using namespace std::chrono;
  if (header.starts_with("t=")) header.remove_prefix(2);
  const auto number = detail::parse_decimal(header);
  if (!number) return std::nullopt;
  const year_month_day today{floor<days>(start)};
  const sys_days earliest{year_month_day{today.year() - years{10}, January, day{1}}};
  const auto cutoff = static_cast<std::uint64_t>(duration_cast<seconds>(earliest.time_since_epoch()).count());
  const auto is_after_cutoff = [&](std::uint64_t units_a_second) {
    const std::uint64_t limit = cutoff * units_a_second;
    return number->whole > limit || (number->whole == limit && number->billionths > 0);
  };
  std::uint64_t units_a_second = 1'000'000'000;  // the larger the number, the finer its unit
  while (!is_after_cutoff(units_a_second)) {
    if (units_a_second == 1) return std::nullopt;
    units_a_second /= 1000;
  }
  const std::uint64_t nanoseconds_a_unit = 1'000'000'000 / units_a_second;
  if (number->whole > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / nanoseconds_a_unit - 1)
    return std::nullopt;
  const auto instant = static_cast<std::int64_t>(number->whole * nanoseconds_a_unit + number->billionths / units_a_second);
  const nanoseconds waited = start.time_since_epoch() - nanoseconds{instant};
  return waited < nanoseconds{0} ? std::nullopt : std::optional{waited};
}

}  // namespace scout::inline v0::web

#endif
