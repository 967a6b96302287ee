#include "arguments.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

namespace scout::local_agent {

Expected<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  arguments.appearance = {terminal_size(STDOUT_FILENO).width, !locale_is_utf8()};
  std::string width;
  const struct {
    std::string_view name;
    std::string* value;
  } texts[] = {{"--address", &arguments.address}, {"--record", &arguments.record}, {"--endpoint", &arguments.endpoint},
               {"--trace", &arguments.trace},     {"show", &arguments.show},       {"--width", &width}};
  const struct {
    std::string_view name;
    bool* value;
  } switches[] = {{"--report", &arguments.report},         {"--json", &arguments.json}, {"--plain", &arguments.plain},
                  {"--allow-remote", &arguments.remote},   {"--help", &arguments.help}, {"--version", &arguments.version},
                  {"--ascii", &arguments.appearance.ascii}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    bool known = false;
    for (const auto& option : switches) {
      if (name == option.name) known = *option.value = true;
    }
    for (const auto& option : texts) {
      if (name != option.name) continue;
      *option.value = i + 1 < argc ? argv[++i] : "";
      if (option.value->empty()) return Error{ErrorCode::invalid_argument, fmt::format("{} needs a value", name)};
      known = true;
    }
    if (!known) return Error{ErrorCode::invalid_argument, fmt::format("unknown argument {}; --help lists them", name)};
  }
  if (!width.empty()) {
    std::size_t& columns = arguments.appearance.width;
    const auto [end, error] = std::from_chars(width.data(), width.data() + width.size(), columns);
    if (error != std::errc{} || end != width.data() + width.size() || columns < 40 || columns > 10'000)
      return Error{ErrorCode::invalid_argument, fmt::format("--width {}: a number from 40 to 10000", width)};
  }
  return arguments;
}

}  // namespace scout::local_agent
