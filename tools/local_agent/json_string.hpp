#ifndef SCOUT_TOOLS_LOCAL_AGENT_JSON_STRING_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_JSON_STRING_HPP

#include <scout/core/json_text.hpp>

#include <string>
#include <string_view>

namespace scout::local_agent {

// The JSON string literal for a text.
inline std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace scout::local_agent

#endif
