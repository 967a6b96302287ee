#ifndef SCOUT_CORE_IDENTITY_HPP
#define SCOUT_CORE_IDENTITY_HPP

// Names of transactions and spans that are unique across processes: 128 bits, written as Scout's agents do
// ("req-<uuid>", "span-<uuid>"). They are computed from the process's random seed and small numbers, so an application
// thread never generates one: a transaction's id is the seed mixed with its number, a span's id with both numbers.

#include <cstddef>
#include <cstdint>

namespace scout::inline v0 {

// The text of an id: no allocation, NUL-terminated, converts to any string type built from (pointer, size).
struct IdText {
  char characters[48];  // ends with a NUL
  std::size_t length;   // without the NUL

  // As of a string.
  constexpr const char* c_str() const noexcept { return characters; }
  constexpr const char* data() const noexcept { return characters; }
  constexpr std::size_t size() const noexcept { return length; }
  template <class String>
    requires requires(const char* text, std::size_t size) { String(text, size); }
  constexpr operator String() const {
    return String(characters, length);
  }
};

namespace detail {

// Sebastiano Vigna's finaliser of splitmix64: a bijection, so two numbers never share a result.
constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// Eight hexadecimal digits as bytes, the first one lowest.
constexpr std::uint64_t hex_digits(std::uint32_t value) noexcept {
  std::uint64_t bytes = __builtin_bswap32(value);
  bytes = (bytes | bytes << 16) & 0x0000'ffff'0000'ffff;
  bytes = (bytes | bytes << 8) & 0x00ff'00ff'00ff'00ff;
  const std::uint64_t nibbles = (bytes >> 4 | bytes << 8) & 0x0f0f'0f0f'0f0f'0f0f;
  const std::uint64_t letters = (nibbles + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
  return nibbles + 0x3030'3030'3030'3030 + letters * ('a' - '0' - 10);
}

// Writes `count` of them, without a loop where that can be helped.
template <std::size_t count>
constexpr char* write_bytes(char* out, std::uint64_t bytes) noexcept {
  if (__builtin_is_constant_evaluated()) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(bytes >> 8 * i);
  } else {
    __builtin_memcpy(out, &bytes, count);  // little-endian, as all processors that are known here
  }
  return out + count;
}

// Writes 36 characters of RFC 4122 text.
constexpr char* write_uuid(char* out, std::uint64_t high, std::uint64_t low) noexcept {
  const std::uint64_t middle = hex_digits(static_cast<std::uint32_t>(high)), next = hex_digits(static_cast<std::uint32_t>(low >> 32));
  out = write_bytes<8>(out, hex_digits(static_cast<std::uint32_t>(high >> 32)));
  *out++ = '-';
  out = write_bytes<4>(out, middle);
  *out++ = '-';
  out = write_bytes<4>(out, middle >> 32);
  *out++ = '-';
  out = write_bytes<4>(out, next);
  *out++ = '-';
  out = write_bytes<4>(out, next >> 32);
  return write_bytes<8>(out, hex_digits(static_cast<std::uint32_t>(low)));
}

template <std::size_t N>
constexpr IdText id_text(const char (&prefix)[N], std::uint64_t high, std::uint64_t low) noexcept {
  IdText text{};
  char* out = text.characters;
  for (std::size_t i = 0; i + 1 < N; ++i) *out++ = prefix[i];
  out = write_uuid(out, high, low);
  *out = '\0';
  text.length = static_cast<std::size_t>(out - text.characters);
  return text;
}

// The version (4) and variant bits that make 128 bits a random UUID.
constexpr std::uint64_t uuid_high(std::uint64_t bits) noexcept { return (bits & ~0xf000ull) | 0x4000u; }
constexpr std::uint64_t uuid_low(std::uint64_t bits) noexcept { return (bits & ~(0xc0ull << 56)) | (0x80ull << 56); }

}  // namespace detail

// Names a transaction, in traces and log lines alike: "req-" and a UUID.
struct RequestId {
  std::uint64_t high = 0, low = 0;  // both 0: no transaction

  constexpr explicit operator bool() const noexcept { return (high | low) != 0; }
  constexpr IdText text() const noexcept { return detail::id_text("req-", high, low); }  // as log lines show it
  friend constexpr bool operator==(RequestId, RequestId) = default;
};

// Names a span: "span-" and a UUID.
struct SpanId {
  std::uint64_t high = 0, low = 0;  // both 0: no span (the parent of a root)

  constexpr explicit operator bool() const noexcept { return (high | low) != 0; }
  constexpr IdText text() const noexcept { return detail::id_text("span-", high, low); }  // as the wire has it
  friend constexpr bool operator==(SpanId, SpanId) = default;
};

// A process's random seed; another one after a fork.
struct IdSeed {
  std::uint64_t high = 0, low = 0;  // 128 random bits

  // The id of the process's n-th transaction, and of a span in it: the same whenever asked, and nowhere stored.
  constexpr RequestId request(std::uint64_t transaction) const noexcept {
    return {detail::uuid_high(detail::mixed(high + transaction)), detail::uuid_low(detail::mixed(low ^ transaction))};
  }
  constexpr SpanId span(std::uint64_t transaction, std::uint16_t number) const noexcept {
    const std::uint64_t whole = (transaction << 16) + number + 1;
    return {detail::uuid_high(detail::mixed(low + whole)), detail::uuid_low(detail::mixed(high ^ whole))};
  }
};

}  // namespace scout::inline v0

#endif
