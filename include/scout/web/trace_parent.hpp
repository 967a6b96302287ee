#ifndef SCOUT_WEB_TRACE_PARENT_HPP
#define SCOUT_WEB_TRACE_PARENT_HPP

// The headers traceparent and tracestate of the W3C recommendation "Trace Context", levels 1 and 2: reading and writing them.
// What does not keep the rules is none; a tracestate that does not is none while its traceparent stays. No allocation.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace scout::inline v0::web {

// traceparent: the trace, the span in it that asks, and what is known of both.
struct TraceParent {
  std::uint64_t trace_high = 0;                 // the trace's id; both halves 0: invalid
  std::uint64_t trace_low = 0;                  // its lower half
  std::uint64_t parent = 0;                     // 0: invalid
  bool sampled = false;                         // who asks may have recorded it
  bool random = false;                          // level 2: the trace id's last 7 bytes are random

  // Characters of the header.
  static constexpr std::size_t size = 55;
  // The header's value.
  struct Text {
    char characters[size];  // without a NUL
    // A view of them.
    constexpr operator std::string_view() const noexcept { return {characters, size}; }
  };
  // Version 00.
  constexpr Text text() const noexcept;
  friend constexpr bool operator==(const TraceParent&, const TraceParent&) = default;
};

inline constexpr std::size_t longest_trace_state = 512;  // that we carry; the least that the recommendation asks for

}  // namespace scout::inline v0::web

namespace scout::inline v0::detail {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// At most 16 lower-case digits, and nothing else.
constexpr std::optional<std::uint64_t> lower_hex(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<std::uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

constexpr char* write_hex(char* out, std::uint64_t value, int digits) noexcept {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) *out++ = "0123456789abcdef"[value >> shift & 15];
  return out;
}

constexpr bool is_small_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }

// Level 2's keys, which level 1's are among.
constexpr bool is_trace_state_key(std::string_view key) noexcept {
  if (key.empty() || key.size() > 256 || (!is_small_letter(key.front()) && !is_decimal(key.front()))) return false;
  for (const char c : key) {
    if (!is_small_letter(c) && !is_decimal(c) && c != '_' && c != '-' && c != '*' && c != '/' && c != '@') return false;
  }
  return true;
}

// Printable, without comma and equals sign, not ending in a blank.
constexpr bool is_trace_state_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > 256 || value.back() == ' ') return false;
  for (const char c : value) {
    if (c < ' ' || c > '~' || c == ',' || c == '=') return false;
  }
  return true;
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::web {

constexpr TraceParent::Text TraceParent::text() const noexcept {
  Text text{};
  char* out = text.characters;
  out = detail::write_hex(out, 0, 2);
  *out++ = '-';
  out = detail::write_hex(out, trace_high, 16);
  out = detail::write_hex(out, trace_low, 16);
  *out++ = '-';
  out = detail::write_hex(out, parent, 16);
  *out++ = '-';
  detail::write_hex(out, static_cast<std::uint64_t>(sampled) | static_cast<std::uint64_t>(random) << 1, 2);
  return text;
}

// A header's value, blanks around it aside. Later versions than 00 may say more after a dash, which does not count.
constexpr std::optional<TraceParent> parse_trace_parent(std::string_view header) noexcept {
  const std::string_view text = detail::without_blanks(header);
  if (text.size() < TraceParent::size || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const auto version = detail::lower_hex(text.substr(0, 2)), flags = detail::lower_hex(text.substr(53, 2));
  const auto high = detail::lower_hex(text.substr(3, 16)), low = detail::lower_hex(text.substr(19, 16));
  const auto parent = detail::lower_hex(text.substr(36, 16));
  if (!version || !high || !low || !parent || !flags || *version == 0xff) return std::nullopt;
  if (text.size() > TraceParent::size && (*version == 0 || text[TraceParent::size] != '-')) return std::nullopt;
  if ((*high | *low) == 0 || *parent == 0) return std::nullopt;
  return TraceParent{*high, *low, *parent, (*flags & 1) != 0, (*flags & 2) != 0};
}

// A tracestate as it is passed on: its members without blanks around them and without empty ones. Of one that is longer than
// longest_trace_state, members longer than 128 characters go first, then the last ones, as the recommendation says.
class TraceState {
 public:
  constexpr TraceState() = default;
  // The header's value; empty: send none.
  constexpr std::string_view text() const noexcept { return {characters_, size_}; }

 private:
  friend constexpr std::optional<TraceState> parse_trace_state(std::string_view) noexcept;

  constexpr bool add(std::string_view member) noexcept {
    const std::size_t comma = size_ == 0 ? 0 : 1;
    if (size_ + comma + member.size() > longest_trace_state) return false;
    if (comma != 0) characters_[size_++] = ',';
    for (const char c : member) characters_[size_++] = c;
    return true;
  }

  char characters_[longest_trace_state] = {};
  std::size_t size_ = 0;
};

// Several headers are one, joined by commas. At most 32 members, each key once.
constexpr std::optional<TraceState> parse_trace_state(std::string_view header) noexcept {
  constexpr std::size_t most_members = 32, long_member = 128;
  std::string_view members[most_members] = {};
  std::size_t count = 0, whole = 0;
  while (!header.empty()) {
    const std::string_view member = detail::without_blanks(header.substr(0, header.find(',')));
    header.remove_prefix(header.find(',') == std::string_view::npos ? header.size() : header.find(',') + 1);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || count == most_members) return std::nullopt;
    const std::string_view key = member.substr(0, equals);
    if (!detail::is_trace_state_key(key) || !detail::is_trace_state_value(member.substr(equals + 1))) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
      if (members[i].substr(0, members[i].find('=')) == key) return std::nullopt;
    }
    whole += member.size() + (count == 0 ? 0 : 1);
    members[count++] = member;
  }
  TraceState state;
  for (std::size_t i = 0; i < count; ++i) {
    if (whole > longest_trace_state && members[i].size() > long_member) {
      whole -= members[i].size() + 1;
    } else if (!state.add(members[i])) {
      break;
    }
  }
  return state;
}

}  // namespace scout::inline v0::web

#endif
