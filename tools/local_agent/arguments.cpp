#include "arguments.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <set>

namespace scout::local_agent {
namespace {

Error wrong(std::string text) { return {ErrorCode::invalid_argument, std::move(text)}; }

// What would be ignored is a mistake.
std::string contradiction(const Arguments& arguments, const std::set<std::string_view>& given) {
  if (arguments.json && arguments.plain) return "--json or --plain, not both";
  if (arguments.show.empty()) return arguments.trace.empty() ? "" : "--trace is for show";
  for (const std::string_view name : {"--address", "--record", "--report", "--plain", "--allow-remote"}) {
    if (given.contains(name)) return fmt::format("show takes no {}", name);
  }
  return "";
}

}  // namespace

Expected<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  arguments.appearance = {terminal_size(STDOUT_FILENO).width, !locale_is_utf8()};
  std::string width;
  std::set<std::string_view> given;
  const struct {
    std::string_view name;
    std::string* value;
  } texts[] = {{"--address", &arguments.address}, {"--record", &arguments.record}, {"--endpoint", &arguments.endpoint},
               {"--trace", &arguments.trace},     {"show", &arguments.show},       {"--width", &width}};
  const struct {
    std::string_view name;
    bool* value;
  } switches[] = {{"--report", &arguments.report},         {"--json", &arguments.json}, {"--plain", &arguments.plain},
                  {"--allow-remote", &arguments.remote},   {"--help", &arguments.help}, {"-h", &arguments.help},
                  {"--version", &arguments.version},       {"--ascii", &arguments.appearance.ascii}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    bool known = false;
    for (const auto& option : switches) {
      if (name == option.name) known = *option.value = true;
    }
    for (const auto& option : texts) {
      if (name != option.name) continue;
      if (given.contains(name)) return wrong(fmt::format("{} twice", name));
      *option.value = i + 1 < argc ? argv[++i] : "";
      if (option.value->empty()) return wrong(fmt::format("{} needs a value", name));
      known = true;
    }
    if (!known) return wrong(fmt::format("unknown argument {}; --help lists them", name));
    given.insert(name);
  }
  if (!width.empty()) {
    std::size_t& columns = arguments.appearance.width;
    const auto [end, error] = std::from_chars(width.data(), width.data() + width.size(), columns);
    if (error != std::errc{} || end != width.data() + width.size() || columns < 40 || columns > 10'000)
      return wrong(fmt::format("--width {}: a number from 40 to 10000", width));
  }
  if (arguments.help || arguments.version) return arguments;
  if (std::string text = contradiction(arguments, given); !text.empty()) return wrong(std::move(text));
  return arguments;
}

}  // namespace scout::local_agent
