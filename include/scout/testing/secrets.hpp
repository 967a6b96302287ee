#ifndef SCOUT_TESTING_SECRETS_HPP
#define SCOUT_TESTING_SECRETS_HPP

// No tag shows a secret: the value of a tag, of a query's or a document's member or of an SQL comparison that is called
// password, token and the like; a bearer token, a private key, a password in a URL; or one of the texts that a test knows to
// be secret. What is filtered or a placeholder is none. Messages do not repeat the secret.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "assertion_result.hpp"
#include "culprits.hpp"
#include "span_node.hpp"

namespace scout::inline v0::detail {

// Whether a name says that its value is secret: "user_password", "X-Api-Key", "accessToken".
inline bool is_secret_name(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') letters.push_back(static_cast<char>(c | 0x20));
    if (c >= 'a' && c <= 'z') letters.push_back(c);
  }
  constexpr std::string_view words[] = {"password",      "passwd", "passphrase", "pwd",        "secret",
                                        "token",         "apikey", "accesskey",  "privatekey", "credential",
                                        "authorization", "cookie", "creditcard", "cardnumber"};
  return std::any_of(std::begin(words), std::end(words),
                     [&](std::string_view word) { return letters.find(word) != letters.npos; });
}

// Filtered, crossed out, empty, or a placeholder of SQL or of a format.
inline bool is_masked(std::string_view value) {
  constexpr std::string_view masks[] = {"[", "%5B", "?", "$", ":", "@", "*", "<", "{", "null", "NULL"};
  constexpr std::size_t crossed_out = 3;
  return value.empty() || std::min(value.find_first_not_of("xX"), value.size()) >= crossed_out ||
         std::any_of(std::begin(masks), std::end(masks), [&](std::string_view mask) { return value.starts_with(mask); });
}

// What in a text is secret, without the secret itself: "password=…"; empty: nothing.
inline std::string secret_in(std::string_view text) {
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           c == '%';
  };
  const auto skip = [&](std::size_t at, std::string_view characters) {
    return std::min(text.find_first_not_of(characters, at), text.size());
  };
  for (std::size_t i = 0; i < text.size();) {
    if (!is_name(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && is_name(text[i])) ++i;
    const std::string_view name = text.substr(begin, i - begin);
    const std::size_t sign = skip(i, "\\\"'`]) ");
    if (sign == text.size() || (text[sign] != '=' && text[sign] != ':') || !is_secret_name(name)) continue;
    const std::size_t quote = skip(sign + 1, " ");
    std::size_t value = skip(quote, "\\");
    if (value < text.size() && (text[value] == '"' || text[value] == '\'')) ++value;
    const bool is_column = text[sign] == '=' && text[sign - 1] == ' ' && quote == value;  // a = b, and not a = 'b'
    const std::size_t end = std::min(text.find_first_of("\\\"'&;, )", value), text.size());
    if (!is_column && !is_masked(text.substr(value, end - value))) return std::string(name) + text[sign] + "…";
  }
  for (const std::string_view mark : {"Bearer ", "PRIVATE KEY-----"}) {
    const std::size_t at = text.find(mark);
    if (at != text.npos && !is_masked(text.substr(at + mark.size()))) return std::string(mark) + "…";
  }
  for (std::size_t scheme = text.find("://"); scheme != text.npos; scheme = text.find("://", scheme + 3)) {
    const std::string_view authority = text.substr(scheme + 3, text.find_first_of("/?# ", scheme + 3) - scheme - 3);
    const std::size_t at = authority.rfind('@'), colon = authority.find(':');
    if (at != authority.npos && colon < at && !is_masked(authority.substr(colon + 1, at - colon - 1))) return "://user:…@";
  }
  return {};
}

// The same for a tag, and for what a test knows to be secret.
inline std::string secret_in(const RecordedTag& tag, const std::vector<std::string_view>& known) {
  const std::string text = json_characters(tag.json());
  for (const std::string_view secret : known) {
    if (!secret.empty() && text.find(secret) != text.npos) return fmt::format("{}…", secret.substr(0, 2));
  }
  const bool is_text = tag.json().starts_with('"');
  return is_text && is_secret_name(tag.key()) && !is_masked(text) ? "…" : secret_in(text);
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::testing {

// No tag has a value that looks like a secret, is named like one and not masked, or holds one of `known`.
inline AssertionResult no_secrets(const Subject& subject, const std::vector<std::string_view>& known = {}) {
  const std::vector<detail::SpanNode> forest = detail::forest(subject);
  if (forest.empty()) return detail::nothing_recorded();
  for (const detail::SpanNode& root : forest) {
    const AssertionResult result = detail::no_culprits("secrets in tags", root, [&](const detail::SpanNode& node) {
      std::string found;
      for (const RecordedTag& tag : node.tags()) {
        const std::string secret = detail::secret_in(tag, known);
        if (!secret.empty()) found += fmt::format("  {}: {}", tag.key(), secret);
      }
      return found.empty() ? found : detail::operation_text(node.span->operation()) + found;
    });
    if (!result) return result;
  }
  return {};
}

}  // namespace scout::inline v0::testing

#endif
