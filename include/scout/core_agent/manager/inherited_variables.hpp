#ifndef SCOUT_CORE_AGENT_MANAGER_INHERITED_VARIABLES_HPP
#define SCOUT_CORE_AGENT_MANAGER_INHERITED_VARIABLES_HPP

// The few environment variables that the core agent and the download need. The rest, with whatever secrets the program was given,
// is kept from them. Read once, on the thread that calls install(): getenv is not safe beside a setenv on another thread.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "../../config/layers.hpp"

namespace scout::inline v0 {

class InheritedVariables {
 public:
  // `secret`: no variable that contains it. One of a few letters is in any text, and no secret.
  static InheritedVariables of_this_process(std::string_view secret) {
    InheritedVariables variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      const auto name = text.substr(0, text.find('='));
      if (std::find(std::begin(names), std::end(names), name) == std::end(names)) continue;
      if (secret.size() < 8 || text.find(secret) == std::string_view::npos) variables.entries_.emplace_back(text);
    }
    return variables;
  }

  // Empty: not set.
  std::string find(std::string_view name) const {
    for (const auto& entry : entries_) {
      if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
        return entry.substr(name.size() + 1);
    }
    return {};
  }

  // "NAME=value"
  const std::vector<std::string>& entries() const noexcept { return entries_; }

 private:
  static constexpr std::string_view names[] = {
      "PATH",     "HOME",        "USER",           "LOGNAME",    "LANG",          "LC_ALL",
      "TZ",       "TMPDIR",      "RUST_BACKTRACE", "http_proxy", "https_proxy",   "all_proxy",
      "no_proxy", "HTTPS_PROXY", "ALL_PROXY",      "NO_PROXY",   "SSL_CERT_FILE", "SSL_CERT_DIR"};

  std::vector<std::string> entries_;
};

}  // namespace scout::inline v0

#endif
