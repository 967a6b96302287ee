#ifndef SCOUT_CORE_LOG_LEVEL_HPP
#define SCOUT_CORE_LOG_LEVEL_HPP

// How much the agent says about itself. A logger passes on messages of its level and above.

#include <cstdint>
#include <optional>
#include <string_view>

namespace scout::inline v0 {

// From debug, which says most, over info, warning and error, to off.
enum class LogLevel : std::uint8_t { debug, info, warning, error, off };

// As the configuration spells it.
constexpr std::string_view log_level_name(LogLevel level) noexcept {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error", "off"};
  return names[static_cast<std::size_t>(level)];
}

// Lower case. Knows the names that Scout's other agents use as well.
constexpr std::optional<LogLevel> parse_log_level(std::string_view name) noexcept {
  if (name == "debug" || name == "trace") return LogLevel::debug;
  if (name == "info") return LogLevel::info;
  if (name == "warning" || name == "warn") return LogLevel::warning;
  if (name == "error" || name == "critical" || name == "fatal") return LogLevel::error;
  if (name == "off") return LogLevel::off;
  return std::nullopt;
}

}  // namespace scout::inline v0

#endif
