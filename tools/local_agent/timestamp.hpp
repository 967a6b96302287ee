#ifndef SCOUT_TOOLS_LOCAL_AGENT_TIMESTAMP_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_TIMESTAMP_HPP

// RFC 3339 time, as every Scout language agent writes it: "2026-11-23T16:50:18.972339+00:00" or "…18.972Z".

#include <chrono>
#include <optional>
#include <string_view>

namespace scout::local_agent {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

// Nothing for any other text, also for a day that does not exist, for more than nine digits of a second, and before 1970.
std::optional<Time> parse_timestamp(std::string_view text);

}  // namespace scout::local_agent

#endif
