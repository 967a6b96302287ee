#ifndef SCOUT_WEB_QUERY_HPP
#define SCOUT_WEB_QUERY_HPP

// A query string's pairs as they arrived, percent signs and all, and how to look at them decoded without a copy.

#include <cstddef>
#include <string_view>

namespace scout::inline v0::detail {

// Walks the bytes that a form-encoded text stands for: "a%20b+c" is "a b c"; a stray '%' stands for itself.
class FormDecoder {
 public:
  explicit constexpr FormDecoder(std::string_view encoded) noexcept : rest_(encoded) {}

  constexpr bool done() const noexcept { return rest_.empty(); }
  constexpr std::string_view rest() const noexcept { return rest_; }
  constexpr void skip(std::size_t bytes) noexcept { rest_.remove_prefix(bytes); }

  // Precondition: !done().
  constexpr unsigned char next() noexcept {
    const char c = rest_[0];
    if (c == '%' && rest_.size() >= 3 && digit(rest_[1]) < 16 && digit(rest_[2]) < 16) {
      const auto byte = static_cast<unsigned char>(digit(rest_[1]) * 16 + digit(rest_[2]));
      rest_.remove_prefix(3);
      return byte;
    }
    rest_.remove_prefix(1);
    return c == '+' ? ' ' : static_cast<unsigned char>(c);
  }

 private:
  static constexpr unsigned digit(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10 : 16;
  }

  std::string_view rest_;
};

// Below, equal or above zero, by the decoded bytes.
constexpr int compare_decoded(std::string_view left, std::string_view right) noexcept {
  FormDecoder a(left), b(right);
  while (!a.done() && !b.done()) {
    if (const int difference = a.next() - b.next(); difference != 0) return difference;
  }
  return static_cast<int>(b.done()) - static_cast<int>(a.done());
}

// Keys whose values are secrets: the list of Scout's agents.
inline constexpr std::string_view secrets[] = {"access",       "access_token", "api_key",     "apikey",      "auth",      "auth_token",
                                               "card[number]", "certificate",  "credentials", "crypt",       "key",       "mysql_pwd",
                                               "otp",          "passwd",       "password",    "private",     "protected", "salt",
                                               "secret",       "secret_key",   "ssn",         "stripetoken", "token"};

constexpr bool is_secret(std::string_view encoded_key) noexcept {
  char spelt[12] = {};  // as long as the longest of them
  std::size_t size = 0;
  for (FormDecoder key(encoded_key); !key.done();) {
    if (size == sizeof spelt) return false;
    const unsigned char byte = key.next();
    spelt[size++] = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
  }
  for (const std::string_view secret : secrets) {
    if (secret == std::string_view(spelt, size)) return true;
  }
  return false;
}

struct QueryPair {
  std::string_view key, value;  // encoded
};

// Takes the next pair off the front of a query; empty parts ("a&&b") are passed over. False: there is none left.
constexpr bool next_pair(std::string_view& query, QueryPair& pair) noexcept {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(part.size() < query.size() ? part.size() + 1 : part.size());
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    pair.key = part.substr(0, equals);
    pair.value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
    return true;
  }
  return false;
}

}  // namespace scout::inline v0::detail

#endif
