#ifndef SCOUT_CONFIG_ADDRESS_HPP
#define SCOUT_CONFIG_ADDRESS_HPP

// The core agent's address: tcp://host:port, tcp://[::1]:6590, tcp://host (port 6590), unix:///path, unix:path or a path; "auto",
// in any case, is TCP on this machine, and where nobody listens there, the socket that older core agents made in their own
// directory. host:port alone is none: tcp:// or unix: says what it is.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "../core/expected.hpp"

namespace scout::inline v0 {

// Where Scout's core agent listens unless it is told otherwise.
inline constexpr std::uint16_t default_core_agent_port = 6590;

struct Address {
  std::string path = {};                         // of a unix domain socket; empty: TCP
  std::string host = {};                         // a name or a number, IPv6 without brackets
  std::uint16_t port = default_core_agent_port;  // of TCP
  bool is_automatic = false;                     // "auto"
  std::string older_path = {};  // tried after TCP where it exists; finalize() fills it in for an automatic address

  // Not TCP.
  bool is_unix() const noexcept { return !path.empty(); }
  // As it would stand in the configuration.
  std::string text() const {
    if (is_automatic) return "auto";
    if (is_unix()) return (path.starts_with("//") ? "unix://" : "unix:") + path;
    return "tcp://" + (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + std::to_string(port);
  }
  friend bool operator==(const Address&, const Address&) = default;
};

namespace detail {

inline constexpr std::size_t longest_socket_path = 107;  // sockaddr_un::sun_path less its NUL

inline Error bad_address(std::string_view text, const char* why) {
  return {ErrorCode::invalid_argument, "'" + std::string(text) + "' is not an address: " + why};
}

inline Expected<Address> parse_tcp_address(std::string_view text, std::string_view rest) {
  Address address;
  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return bad_address(text, "no closing bracket");
    address.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest.front() != ':') return bad_address(text, "text after the closing bracket");
    has_port = !rest.empty();
    port = rest.substr(has_port);
  } else {
    const auto colon = rest.find(':');
    has_port = colon != std::string_view::npos;
    address.host = rest.substr(0, colon);
    if (has_port) port = rest.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) return bad_address(text, "an IPv6 address needs brackets");
  }
  if (address.host.empty()) return bad_address(text, "no host");
  if (address.host.find_first_of("[]") != std::string::npos) return bad_address(text, "a bracket in the host");
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
      return bad_address(text, "no port from 1 to 65535");
  }
  return address;
}

inline bool is_auto(std::string_view text) noexcept {
  constexpr std::string_view word = "auto";
  const auto is_same = [](char letter, char of_word) { return letter == of_word || letter == of_word - 'a' + 'A'; };
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), is_same);
}

// Without a slash, and with digits after the last colon.
inline bool looks_like_host_and_port(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  return colon < text.size() - 1 && text.find('/') == text.npos && text.find_first_not_of("0123456789", colon + 1) == text.npos;
}

}  // namespace detail

// The address that `text` spells; ErrorCode::invalid_argument says what is wrong with it. Resolves no name.
inline Expected<Address> parse_address(std::string_view text) {
  std::string_view rest = text;
  if (detail::is_auto(rest)) return Address{.host = "127.0.0.1", .is_automatic = true};
  if (rest.starts_with("tcp://")) {
    rest.remove_prefix(6);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    return detail::parse_tcp_address(text, rest);
  }
  if (rest.starts_with("unix://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("unix:")) {
    rest.remove_prefix(5);
  } else if (rest.find("://") != std::string_view::npos) {
    return detail::bad_address(text, "it begins with neither tcp:// nor unix:");
  } else if (detail::looks_like_host_and_port(rest)) {
    return detail::bad_address(text, "tcp:// goes before host and port");
  }
  if (rest.empty()) return detail::bad_address(text, "no path");
  if (rest.size() > detail::longest_socket_path) return detail::bad_address(text, "the path of a socket has at most 107 bytes");
  if (rest.find('\0') != std::string_view::npos) return detail::bad_address(text, "a NUL in the path");
  Address address;
  address.path = rest;
  return address;
}

}  // namespace scout::inline v0

#endif
