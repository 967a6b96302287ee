#ifndef SCOUT_CONFIG_SHOWN_URL_HPP
#define SCOUT_CONFIG_SHOWN_URL_HPP

// A URL as logs and tables show it, also in quotes: without the user and password that it may contain, and without the query,
// where a signature or a token stands.

#include <algorithm>
#include <string>
#include <string_view>

namespace scout::inline v0::detail {

inline std::string shown_url(std::string_view url) {
  std::string shown(url);
  const auto colon = url.find(':');
  if (colon == url.npos) return shown;
  const auto begin = std::min(url.find_first_not_of('/', colon + 1), url.size());  // libcurl takes any number of slashes
  const auto query = url.find_first_of("?#", begin);
  if (query != url.npos && url[query] == '?') shown.replace(query + 1, url.npos, url.front() == '\'' ? "***'" : "***");
  const auto at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
  if (at != url.npos && at > begin && !url.substr(0, colon).ends_with("file")) shown.replace(begin, at - begin, "***");
  return shown;
}

}  // namespace scout::inline v0::detail

#endif
