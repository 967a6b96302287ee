#ifndef SCOUT_WEB_PATH_HPP
#define SCOUT_WEB_PATH_HPP

// The request tag "path": the path, and the query with its secrets filtered and its pairs sorted, so that one URL has one
// spelling. Runs on the application's thread: no allocation.

#include "../core/settings.hpp"
#include "bounded_text.hpp"
#include "query.hpp"

namespace scout::inline v0::web {

using UriReporting = scout::detail::UriReporting;

inline constexpr std::size_t longest_path = 4096;    // bytes; a longer one is cut and says so
inline constexpr std::size_t most_query_pairs = 64;  // further ones are cut

using PathText = detail::BoundedText<longest_path>;

}  // namespace scout::inline v0::web

namespace scout::inline v0::detail {

// application/x-www-form-urlencoded
template <std::size_t Capacity>
void append_form_encoded(BoundedText<Capacity>& out, std::string_view encoded) noexcept {
  constexpr char digits[] = "0123456789ABCDEF";
  for (FormDecoder text(encoded); !text.done();) {
    const unsigned char byte = text.next();
    const unsigned char lower = byte | 0x20;
    const bool letter_or_digit = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
    if (letter_or_digit || byte == '_' || byte == '.' || byte == '-' || byte == '~') {
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
  QueryPair pairs[web::most_query_pairs];
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
