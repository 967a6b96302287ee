#ifndef SCOUT_CORE_AGENT_WIRE_TEXT_HPP
#define SCOUT_CORE_AGENT_WIRE_TEXT_HPP

// Ids, times and strings as the core agent's JSON has them, several bytes at a time: what most of a batch consists of.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "../core/identity.hpp"
#include "../core/json_text.hpp"
#include "../sink/trace.hpp"

namespace scout::inline v0 {

namespace detail {

// These functions write where their caller has made sure of the room, and return the end of what they wrote: a pointer that
// is passed on stays in a register, whatever is written through it.

template <std::size_t size>
[[gnu::always_inline]] inline char* put(char* out, const char (&literal)[size]) noexcept {
  std::memcpy(out, literal, size - 1);
  return out + size - 1;
}
inline char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

using Words [[gnu::vector_size(16)]] = std::uint64_t;

// The 32 hexadecimal digits of an id, sixteen at a time.
struct HexDigits {
  using Bytes [[gnu::vector_size(16)]] = unsigned char;

  Bytes first, second;

  HexDigits(std::uint64_t upper, std::uint64_t lower) noexcept {
    const auto bytes = reinterpret_cast<Bytes>(Words{__builtin_bswap64(upper), __builtin_bswap64(lower)});
    const Bytes high = bytes >> 4, low = bytes & 15;
    first = digits(__builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    second = digits(__builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  }

 private:
  static Bytes digits(Bytes nibbles) noexcept {
    using Signed [[gnu::vector_size(16)]] = signed char;  // compared in one instruction
    return nibbles + '0' + (reinterpret_cast<Bytes>(reinterpret_cast<Signed>(nibbles) > 9) & ('a' - '0' - 10));
  }
};

// An id's 36 characters, in the pieces in which they are written several times: a piece that is read again soon after it was
// stored has to be read as it was stored, or the processor waits.
class UuidText {
 public:
  static constexpr std::size_t size = 36;

  UuidText(std::uint64_t high, std::uint64_t low) noexcept {
    constexpr std::uint64_t dash = '-', four = 0xffff'ffff;
    const HexDigits digits(high, low);
    const auto first = reinterpret_cast<Words>(digits.first), second = reinterpret_cast<Words>(digits.second);
    first_ = Words{first[0], dash | (first[1] & four) << 8 | dash << 40 | first[1] >> 32 << 48};
    second_ = Words{first[1] >> 48 | dash << 16 | (second[0] & four) << 24 | dash << 56, second[0] >> 32 | second[1] << 32};
    last_ = static_cast<std::uint32_t>(second[1] >> 32);
  }

  [[gnu::always_inline]] char* put(char* out) const noexcept {
    std::memcpy(out, &first_, sizeof first_);
    std::memcpy(out + sizeof first_, &second_, sizeof second_);
    std::memcpy(out + sizeof first_ + sizeof second_, &last_, sizeof last_);
    return out + size;
  }

 private:
  Words first_, second_;
  std::uint32_t last_;
};

// Copies sixteen bytes. True: a JSON string has them as they are.
[[gnu::always_inline]] inline bool put_plain(char* first_out, const char* first, char* second_out, const char* second) noexcept {
  using Signed [[gnu::vector_size(16)]] = signed char;
  std::uint64_t eight[2];
  std::memcpy(eight, first, 8);
  std::memcpy(eight + 1, second, 8);
  std::memcpy(first_out, eight, 8);
  std::memcpy(second_out, eight + 1, 8);
  const auto bytes = reinterpret_cast<Signed>(Words{eight[0], eight[1]});
  const auto plain = reinterpret_cast<Words>((bytes >= 0x20) & (bytes != '"') & (bytes != '\\'));  // what is no ASCII is negative
  return (plain[0] & plain[1]) == ~std::uint64_t{0};
}

// A JSON string's characters, when they are few or have to be escaped.
[[gnu::noinline]] inline char* put_other_characters(char* out, std::string_view text) noexcept {
  if (text.size() >= 4 && text.size() <= 8) {
    const std::size_t at = text.size() - 4;
    std::uint32_t first, last;
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + at, sizeof last);
    std::memcpy(out, &first, sizeof first);
    std::memcpy(out + at, &last, sizeof last);
    if (plain_prefix(first | std::uint64_t{last} << 32) == 8) return out + text.size();
  }
  const char *at = text.data(), *const end = at + text.size();
  return put_characters(out, at, end, end);
}

// A JSON string: what needs no escaping is copied while it is looked through, the last piece over the one before.
[[gnu::always_inline]] inline char* put_string(char* out, std::string_view text) noexcept {
  constexpr std::size_t half = 8, step = 2 * half;
  const char* const begin = text.data();
  *out++ = '"';
  bool plain = text.size() >= half;
  if (text.size() > step) {
    std::size_t at = 0;
    for (; plain && at + step < text.size(); at += step)
      plain = put_plain(out + at, begin + at, out + at + half, begin + at + half);
    at = text.size() - step;
    plain = plain && put_plain(out + at, begin + at, out + at + half, begin + at + half);
  } else if (plain) {
    const std::size_t at = text.size() - half;
    plain = put_plain(out, begin, out + at, begin + at);
  }
  out = plain ? out + text.size() : put_other_characters(out, text);
  *out++ = '"';
  return out;
}
constexpr std::size_t most_of_string(std::size_t size) noexcept { return 6 * size + 2; }  // \u0000 for every byte, and the quotes

}  // namespace detail

// Writes timestamps, and keeps the last one's second: most times of a trace share theirs.
class TimestampText {
 public:
  // Bytes that put() writes.
  static constexpr std::size_t size = timestamp_size + 1;

  TimestampText() noexcept { write_timestamp(text_, Time{}); }

  // With a quote at its end: `size` bytes.
  [[gnu::always_inline]] char* put(char* out, Time time) noexcept {
    if (since_second(time) >= 1'000'000'000) [[unlikely]]
      change_second(time);
    const auto nanoseconds = static_cast<std::uint32_t>(since_second(time));
    std::memcpy(out, text_, size_of_second);
    out = detail::decimal_digits.put_three(out + size_of_second, nanoseconds / 1'000'000);
    out = detail::decimal_digits.put_three(out, nanoseconds / 1000 % 1000);
    return detail::put(out, "Z\"");
  }

 private:
  static constexpr std::size_t size_of_minute = 17, size_of_second = 20;  // 2026-11-23T16:50:, 2026-11-23T16:50:18.

  // In nanoseconds. Of a time before the second: more than a second has.
  std::uint64_t since_second(Time time) const noexcept {
    return static_cast<std::uint64_t>(time.time_since_epoch().count()) - static_cast<std::uint64_t>(second_);
  }

  [[gnu::noinline]] void change_second(Time time) noexcept {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    second_ = Time(second).time_since_epoch().count();
    const auto of_minute = static_cast<std::uint64_t>((second - minute_).count());
    if (of_minute < 60) {
      detail::decimal_digits.put_two(text_ + size_of_minute, static_cast<std::uint32_t>(of_minute));
    } else {
      minute_ = std::chrono::floor<std::chrono::minutes>(second);
      write_timestamp(text_, time);
    }
  }

  std::chrono::sys_seconds minute_{};  // where each begins
  Time::rep second_ = 0;
  char text_[timestamp_size] = {};
};

}  // namespace scout::inline v0

#endif
