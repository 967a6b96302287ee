#ifndef SCOUT_CORE_JSON_TEXT_HPP
#define SCOUT_CORE_JSON_TEXT_HPP

// Writing strict JSON (RFC 8259), whatever the application put into a string or a number: invalid UTF-8 becomes U+FFFD,
// what is no number becomes null. Off the hot path. `Out` is anything with append(const char*, size), such as std::string.

#include <fmt/format.h>

#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace scout::inline v0 {

namespace detail {

// How many of eight bytes come before the first that needs a closer look: that is no ASCII, a control character, a quote or a
// backslash.
inline std::size_t plain_prefix(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  // A byte that is plain borrows from none and gets no high bit; of those that are not, the lowest is marked for certain.
  const std::uint64_t controls = bytes - 0x20 * ones;
  const std::uint64_t quotes = (bytes ^ '"' * ones) - ones;
  const std::uint64_t backslashes = (bytes ^ '\\' * ones) - ones;
  return static_cast<std::size_t>(std::countr_zero((bytes | controls | quotes | backslashes) & highs)) / 8;
}

inline bool is_plain(unsigned char byte) noexcept { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

struct Utf8Sequence {
  std::size_t size;  // of the sequence, or of the part that one U+FFFD replaces
  bool valid;
};

// Looks at a byte >= 0x80 and what follows it (Unicode 15, table 3-7: no overlong forms, no surrogates, no more than U+10FFFF).
inline Utf8Sequence utf8_sequence(const char* text, const char* end) noexcept {
  const auto lead = static_cast<unsigned char>(*text);
  const std::size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0) return {1, false};
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t i = 1; i < size; ++i) {
    if (text + i == end) return {i, false};
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < low || byte > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {size, true};
}

inline char* put_escape(char* out, unsigned char byte) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  const char letter = byte == '"'    ? '"'
                      : byte == '\\' ? '\\'
                      : byte == '\n' ? 'n'
                      : byte == '\r' ? 'r'
                      : byte == '\t' ? 't'
                                     : '\0';
  const char escape[] = {'\\', letter != '\0' ? letter : 'u', '0', '0', digits[byte >> 4 & 7], digits[byte & 15]};
  std::memcpy(out, escape, sizeof escape);
  return out + (letter != '\0' ? 2 : 6);
}

// Writes a string's characters as JSON has them, those that begin before `until`, and moves `at` behind them. `end` is the
// string's. Needs room for most_of_characters().
inline char* put_characters(char* out, const char*& at, const char* until, const char* end) noexcept {
  while (at < until) {
    if (end - at >= 8) {
      std::uint64_t bytes;
      std::memcpy(&bytes, at, sizeof bytes);
      std::memcpy(out, &bytes, sizeof bytes);
      const std::size_t plain = plain_prefix(bytes);
      at += plain;
      out += plain;
      if (plain == sizeof bytes) continue;
    } else if (is_plain(static_cast<unsigned char>(*at))) {
      *out++ = *at++;
      continue;
    }
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x80) {
      out = put_escape(out, byte);
      ++at;
    } else {
      const Utf8Sequence sequence = utf8_sequence(at, end);
      if (sequence.valid) {
        std::memcpy(out, at, sequence.size);
        out += sequence.size;
      } else {
        std::memcpy(out, "\xef\xbf\xbd", 3);
        out += 3;
      }
      at += sequence.size;
    }
  }
  return out;
}
// \u0000 for every byte, and as much for one that begins among eight plain ones.
constexpr std::size_t most_of_characters(std::size_t size) noexcept { return 6 * size + 16; }

template <class Out, std::size_t N>
void append_literal(Out& out, const char (&text)[N]) {
  out.append(text, N - 1);
}

// The decimal digits of every number below a thousand.
struct DecimalDigits {
  char digits[1000][4];  // the last is not used

  constexpr DecimalDigits() noexcept : digits() {
    for (int i = 0; i < 1000; ++i) {
      digits[i][0] = static_cast<char>('0' + i / 100);
      digits[i][1] = static_cast<char>('0' + i / 10 % 10);
      digits[i][2] = static_cast<char>('0' + i % 10);
    }
  }
  char* put_two(char* out, std::uint32_t number) const noexcept {
    std::memcpy(out, digits[number] + 1, 2);
    return out + 2;
  }
  // Three, and what stands behind them is lost.
  char* put_three(char* out, std::uint32_t number) const noexcept {
    std::memcpy(out, digits[number], 4);
    return out + 3;
  }
};
inline constexpr DecimalDigits decimal_digits;

// Piece by piece, most strings in one.
template <bool quoted, class Out>
void append_characters(Out& out, std::string_view text) {
  constexpr std::size_t step = 128;
  char piece[most_of_characters(step) + 2];
  char* to = piece;
  if (quoted) *to++ = '"';
  const char *at = text.data(), *const end = at + text.size();
  while (static_cast<std::size_t>(end - at) > step) {
    to = put_characters(to, at, at + step, end);
    out.append(piece, static_cast<std::size_t>(to - piece));
    to = piece;
  }
  to = put_characters(to, at, end, end);
  if (quoted) *to++ = '"';
  out.append(piece, static_cast<std::size_t>(to - piece));
}

}  // namespace detail

// The inside of a JSON string, without the quotes.
template <class Out>
void append_json_characters(Out& out, std::string_view text) {
  detail::append_characters<false>(out, text);
}

// A quoted string; bytes that are no UTF-8 become U+FFFD.
template <class Out>
void append_json_string(Out& out, std::string_view text) {
  detail::append_characters<true>(out, text);
}

// The literal null.
template <class Out>
void append_json_null(Out& out) {
  detail::append_literal(out, "null");
}

namespace detail {

// As std::isfinite() is without -ffast-math, which takes every number for finite.
inline bool is_finite(double value) noexcept {
  constexpr std::uint64_t exponent = 0x7ff0'0000'0000'0000;
  auto bits = std::bit_cast<std::uint64_t>(value);
  asm("" : "+r"(bits));  // clang 19 knows of an argument's bits, too, that they are a finite number's
  return (bits & exponent) != exponent;
}

}  // namespace detail

// The literal true or false.
template <class Out>
void append_json_bool(Out& out, bool value) {
  value ? detail::append_literal(out, "true") : detail::append_literal(out, "false");
}

template <class Out, std::integral Integer>
requires(!std::same_as<Integer, bool>) void append_json_number(Out& out, Integer value) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

// The shortest text that reads back as the same value; null for NaN and the infinities.
template <class Out>
void append_json_number(Out& out, double value) {
  if (!detail::is_finite(value)) return append_json_null(out);
  const std::string text = fmt::format("{}", value);
  out.append(text.data(), text.size());
}

// RFC 3339 in UTC with microseconds: 2026-11-23T16:50:18.972339Z.
inline constexpr std::size_t timestamp_size = 27;

namespace detail {

// 16:50:18
inline void write_time_of_day(char* out, std::chrono::seconds since_midnight) noexcept {
  const auto second = static_cast<std::uint32_t>(since_midnight.count());
  decimal_digits.put_two(out, second / 3600);
  out[2] = out[5] = ':';
  decimal_digits.put_two(out + 3, second / 60 % 60);
  decimal_digits.put_two(out + 6, second % 60);
}

}  // namespace detail

// Writes timestamp_size bytes.
inline void write_timestamp(char* out, std::chrono::sys_time<std::chrono::nanoseconds> time) noexcept {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto since_midnight = floor<std::chrono::microseconds>(time - day);
  const auto second = floor<seconds>(since_midnight);
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  const auto rest = static_cast<std::uint32_t>((since_midnight - second).count());
  const auto& decimal = detail::decimal_digits;
  std::memcpy(out, "0000-00-00T00:00:00.000000Z", timestamp_size);
  decimal.put_two(decimal.put_two(out, year / 100), year % 100);
  decimal.put_two(out + 5, static_cast<unsigned>(date.month()));
  decimal.put_two(out + 8, static_cast<unsigned>(date.day()));
  detail::write_time_of_day(out + 11, second);
  *decimal.put_three(decimal.put_three(out + 20, rest / 1000), rest % 1000) = 'Z';
}

// A quoted timestamp, as write_timestamp() writes it.
template <class Out>
void append_json_timestamp(Out& out, std::chrono::sys_time<std::chrono::nanoseconds> time) {
  char text[timestamp_size + 2];
  text[0] = text[timestamp_size + 1] = '"';
  write_timestamp(text + 1, time);
  out.append(text, sizeof text);
}

}  // namespace scout::inline v0

#endif
