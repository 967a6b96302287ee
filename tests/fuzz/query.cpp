// A request's target as it arrives at web::write_path(): "/path?query".

#include <scout/web/path.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "property.hpp"

namespace web = scout::web;
using fuzz::require, fuzz::require_same;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr const char* upper_digits = "0123456789ABCDEF";

std::string written(std::string_view path, std::string_view query, web::UriReporting reporting) {
  web::PathText text;
  web::write_path(text, path, query, reporting);
  return std::string(text.finish());
}

std::string filtered(std::string_view path, std::string_view query) {
  return written(path, query, web::UriReporting::filtered_params);
}

int digit(char c) {
  const std::string_view digits = "0123456789abcdef";
  const auto place = digits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string encoded(std::string_view text) {
  const std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += {'%', upper_digits[byte / 16], upper_digits[byte % 16]};
    }
  }
  return out;
}

bool is_secret(std::string key) {
  static const std::set<std::string> secrets{
      "access",    "access_token", "api_key", "apikey", "auth",   "auth_token", "card[number]", "certificate",
      "crypt",     "credentials",  "key",     "otp",    "passwd", "mysql_pwd",  "password",     "private",
      "protected", "salt",         "secret",  "ssn",    "token",  "secret_key", "stripetoken"};
  for (char& c : key) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return secrets.contains(key);
}

// The parts of a query that say something, still encoded.
std::vector<std::string> parts_of(std::string_view query) {
  std::vector<std::string> parts;
  while (!query.empty()) {
    if (const auto part = fuzz::take_until(query, '&'); !part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string query;
  for (const auto& part : parts) query += (query.empty() ? "" : "&") + part;
  return query;
}

std::string cut(std::string text, std::size_t left_out) {
  if (text.size() > web::longest_path) {
    left_out += text.size() - web::longest_path;
    text.resize(web::longest_path);
  }
  return left_out == 0 ? text : text + "…[cut " + std::to_string(left_out) + ']';
}

std::string expected(std::string_view path, const std::vector<std::string>& parts) {
  Pairs pairs;
  std::size_t left_out = 0;
  for (const auto& part : parts) {
    const auto equals = std::min(part.find('='), part.size());
    const auto key = decoded(std::string_view(part).substr(0, equals));
    const auto value = equals < part.size() ? std::string_view(part).substr(equals + 1) : std::string_view();
    if (pairs.size() == web::most_query_pairs) {
      left_out += equals + value.size() + 2;  // the pair as it arrived, with "=" and "&"
    } else {
      pairs.emplace_back(key, is_secret(key) ? "[FILTERED]" : decoded(value));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text(path);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    text += (i == 0 ? '?' : '&') + encoded(pairs[i].first) + '=' + encoded(pairs[i].second);
  }
  return cut(text, left_out);
}

// The same query with other secrets of the same length.
std::string with_other_secrets(std::vector<std::string> parts) {
  for (auto& part : parts) {
    const auto equals = part.find('=');
    if (equals == std::string::npos || !is_secret(decoded(part.substr(0, equals)))) continue;
    std::fill(part.begin() + static_cast<std::ptrdiff_t>(equals) + 1, part.end(), '*');
  }
  return joined(parts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target = fuzz::text_of(data, size);
  std::string_view query = target;
  const std::string_view path = fuzz::take_until(query, '?');
  const auto parts = parts_of(query);

  require_same(written(path, query, web::UriReporting::path), cut(std::string(path), 0),
               "without its query a path stays as it is");
  require_same(written(path, query, web::UriReporting::full_path),
               cut(std::string(path) + (query.empty() ? "" : "?") + std::string(query), 0),
               "unfiltered, a target stays as it is");

  const std::string text = filtered(path, query);
  require(text.size() <= web::longest_path + 32, "the text is bounded");
  require_same(text, expected(path, parts), "pairs are filtered, sorted and encoded");
  require_same(filtered(path, with_other_secrets(parts)), text, "nothing of a secret is in the text");
  if (parts.size() <= web::most_query_pairs) {
    require_same(filtered(path, joined({parts.rbegin(), parts.rend()})), text, "the order of pairs does not matter");
    if (text.size() <= web::longest_path) {
      std::string_view again = text;
      again.remove_prefix(std::min(path.size() + 1, text.size()));
      require_same(filtered(path, again), text, "what is filtered stays as it is");
    }
  }
  return 0;
}
