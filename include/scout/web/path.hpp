#ifndef SCOUT_WEB_PATH_HPP
#define SCOUT_WEB_PATH_HPP

// The request tag "path": the path, and the query with its secrets filtered and its pairs sorted, so that one URL has one
// spelling. Runs on the application's thread: no allocation.

#include <array>
#include <cstddef>
#include <string_view>

#include "../core/settings.hpp"
#include "bounded_text.hpp"
#include "query.hpp"

namespace scout::inline v0::web {

// What of a request's query is reported.
using UriReporting = scout::detail::UriReporting;

inline constexpr std::size_t longest_path = 4096;    // bytes; a longer one is cut and says so
inline constexpr std::size_t most_query_pairs = 64;  // further ones are cut

// A path as it is reported.
using PathText = detail::BoundedText<longest_path>;

}  // namespace scout::inline v0::web

namespace scout::inline v0::detail {

// The bytes that application/x-www-form-urlencoded leaves as they are.
inline constexpr auto stays_in_form = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

template <std::size_t Capacity>
void append_form_encoded(BoundedText<Capacity>& out, std::string_view encoded) noexcept {
  constexpr char digits[] = "0123456789ABCDEF";
  for (FormDecoder text(encoded); !text.done();) {
    std::size_t run = 0;
    const std::string_view rest = text.rest();
    while (run < rest.size() && stays_in_form[static_cast<unsigned char>(rest[run])]) ++run;
    out.append(rest.substr(0, run));
    text.skip(run);
    if (text.done()) return;
    const unsigned char byte = text.next();
    if (stays_in_form[byte]) {
      out.append(static_cast<char>(byte));
    } else if (byte == ' ') {
      out.append('+');
    } else {
      out.append('%');
      out.append(digits[byte >> 4]);
      out.append(digits[byte & 15]);
    }
  }
}

template <std::size_t Capacity>
void append_filtered_query(BoundedText<Capacity>& out, std::string_view query) noexcept {
  union Pairs {
    Pairs() noexcept {}  // none is there yet
    QueryPair first[web::most_query_pairs];
  } storage;
  QueryPair* const pairs = storage.first;
  std::size_t count = 0, left_out = 0;
  for (QueryPair pair; next_pair(query, pair);) {
    if (count == web::most_query_pairs) {
      left_out += pair.key.size() + pair.value.size() + 2;
      continue;
    }
    if (is_secret(pair.key)) pair.value = "%5BFILTERED%5D";
    std::size_t place = count++;
    for (; place > 0; --place) {
      const QueryPair& before = pairs[place - 1];
      const int keys = compare_decoded(before.key, pair.key);
      if (keys < 0 || (keys == 0 && compare_decoded(before.value, pair.value) <= 0)) break;
      pairs[place] = before;
    }
    pairs[place] = pair;
  }
  for (std::size_t i = 0; i < count; ++i) {
    out.append(i == 0 ? '?' : '&');
    append_form_encoded(out, pairs[i].key);
    out.append('=');
    append_form_encoded(out, pairs[i].value);
  }
  out.skip(left_out);
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::web {

// `path` without, `query` without its question mark, both as they arrived.
inline void write_path(PathText& out, std::string_view path, std::string_view query, UriReporting reporting = {}) noexcept {
  out.append(path);
  if (reporting == UriReporting::filtered_params) {
    detail::append_filtered_query(out, query);
  } else if (reporting == UriReporting::full_path && !query.empty()) {
    out.append('?');
    out.append(query);
  }
}

}  // namespace scout::inline v0::web

#endif
