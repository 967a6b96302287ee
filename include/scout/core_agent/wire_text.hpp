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
[[gnu::always_inline]] inline char* put(char* out, std::uint64_t bytes) noexcept {
  std::memcpy(out, &bytes, sizeof bytes);
  return out + sizeof bytes;
}
inline char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Eight decimal digits as bytes, the first one lowest. Precondition: less than 10^8.
constexpr std::uint64_t decimal_digits(std::uint32_t value) noexcept {
  const std::uint64_t fours = value / 10'000 | std::uint64_t{value % 10'000} << 32;
  const std::uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000'007f'0000'007f;  // 10486 / 2^20 is 1 / 100, for four digits
  const std::uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
  const std::uint64_t tens = (twos * 103 >> 10) & 0x000f'000f'000f'000f;  // 103 / 2^10 is 1 / 10, for two digits
  return (tens | (twos - 10 * tens) << 8) + 0x3030'3030'3030'3030;
}

// The 32 hexadecimal digits of an id, sixteen at a time.
struct HexDigits {
  using Bytes [[gnu::vector_size(16)]] = unsigned char;

  Bytes first, second;

  explicit HexDigits(SpanId id) noexcept {
    const std::uint64_t big_endian[] = {__builtin_bswap64(id.high), __builtin_bswap64(id.low)};
    Bytes bytes;
    std::memcpy(&bytes, big_endian, sizeof bytes);
    const Bytes high = bytes >> 4, low = bytes & 15;
    first = digits(__builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    second = digits(__builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  }

 private:
  static Bytes digits(Bytes nibbles) noexcept {
    return nibbles + '0' + (reinterpret_cast<Bytes>(nibbles > 9) & ('a' - '0' - 10));
  }
};

// An id's 36 characters in words, as they are written several times.
class UuidText {
 public:
  static constexpr std::size_t size = 36;

  explicit UuidText(SpanId id) noexcept {
    constexpr std::uint64_t dash = '-', four = 0xffff'ffff;
    const HexDigits digits(id);
    std::uint64_t words[4];
    std::memcpy(words, &digits.first, sizeof digits.first);
    std::memcpy(words + 2, &digits.second, sizeof digits.second);
    first_ = words[0];
    second_ = dash | (words[1] & four) << 8 | dash << 40 | words[1] >> 32 << 48;
    third_ = words[1] >> 48 | dash << 16 | (words[2] & four) << 24 | dash << 56;
    fourth_ = words[2] >> 32 | words[3] << 32;
    last_ = static_cast<std::uint32_t>(words[3] >> 32);
  }

  [[gnu::always_inline]] char* put(char* out) const noexcept {
    out = detail::put(detail::put(detail::put(detail::put(out, first_), second_), third_), fourth_);
    std::memcpy(out, &last_, sizeof last_);
    return out + sizeof last_;
  }

 private:
  std::uint64_t first_, second_, third_, fourth_;
  std::uint32_t last_;
};

// A JSON string: what needs no escaping is copied while it is looked through.
inline char* put_string(char* out, std::string_view text) noexcept {
  constexpr std::size_t step = 8;
  *out++ = '"';
  bool plain = text.size() >= step;
  const auto copy = [&](std::size_t at) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + at, step);
    put(out + at, bytes);
    plain = plain && all_plain(bytes);
  };
  for (std::size_t at = 0; plain && at + step < text.size(); at += step) copy(at);
  if (plain) copy(text.size() - step);
  if (plain) {
    out += text.size();
  } else {
    struct {
      char* out;
      void append(const char* piece, std::size_t size) noexcept { out = put(out, std::string_view(piece, size)); }
    } writer{out};
    append_json_characters(writer, text);
    out = writer.out;
  }
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

  // With a quote at its end: `size` bytes.
  [[gnu::always_inline]] char* put(char* out, Time time) noexcept {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    if (second != second_) [[unlikely]]
      change_second(time);
    const auto rest = static_cast<std::uint64_t>((time - second).count());  // nanoseconds
    constexpr std::uint64_t six = 0x0000'ffff'ffff'ffff, end = std::uint64_t{'Z'} << 48 | std::uint64_t{'"'} << 56;
    std::memcpy(out, text_, size_of_second);
    return detail::put(out + size_of_second, (detail::decimal_digits(static_cast<std::uint32_t>(rest / 1000 * 100)) & six) | end);
  }

 private:
  static constexpr std::size_t size_of_second = 20;  // 2026-11-23T16:50:18.

  [[gnu::cold, gnu::noinline]] void change_second(Time time) noexcept {
    second_ = std::chrono::floor<std::chrono::seconds>(time);
    write_timestamp(text_, time);
  }

  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::min();
  char text_[timestamp_size] = {};
};

}  // namespace scout::inline v0

#endif
