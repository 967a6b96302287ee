#ifndef SCOUT_CONFIG_SHOWN_URL_HPP
#define SCOUT_CONFIG_SHOWN_URL_HPP

// A URL as logs and tables show it: without the user and password that it may contain.

#include <string>
#include <string_view>

namespace scout::inline v0::detail {

inline std::string shown_url(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  const auto end = url.find_first_of("/?#", begin + 3);
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return std::string(url.substr(0, begin + 3)) + "***" + std::string(url.substr(at));
}

}  // namespace scout::inline v0::detail

#endif
