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
  char characters[48];
  std::size_t length;

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

// Writes 36 characters of RFC 4122 text.
constexpr char* write_uuid(char* out, std::uint64_t high, std::uint64_t low) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) *out++ = '-';
    const std::uint64_t half = nibble < 16 ? high : low;
    *out++ = digits[(half >> (60 - 4 * (nibble & 15))) & 15];
  }
  return out;
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

struct RequestId {
  std::uint64_t high = 0, low = 0;  // both 0: no transaction

  constexpr explicit operator bool() const noexcept { return (high | low) != 0; }
  constexpr IdText text() const noexcept { return detail::id_text("req-", high, low); }
  friend constexpr bool operator==(RequestId, RequestId) = default;
};

struct SpanId {
  std::uint64_t high = 0, low = 0;  // both 0: no span (the parent of a root)

  constexpr explicit operator bool() const noexcept { return (high | low) != 0; }
  constexpr IdText text() const noexcept { return detail::id_text("span-", high, low); }
  friend constexpr bool operator==(SpanId, SpanId) = default;
};

// A process's random seed; another one after a fork.
struct IdSeed {
  std::uint64_t high = 0, low = 0;

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
