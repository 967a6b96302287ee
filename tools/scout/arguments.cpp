#include "arguments.hpp"

#include <charconv>
#include <string>

namespace scout::command {
namespace {

Error wrong(std::string text) { return {ErrorCode::invalid_argument, std::move(text)}; }

struct Name {
  std::string_view text;
  Command command;
};
constexpr Name names[] = {
    {"agent download", Command::download}, {"agent launch", Command::launch}, {"agent probe", Command::probe},
    {"agent shutdown", Command::shutdown}, {"agent path", Command::path},     {"check", Command::check},
    {"config", Command::config},           {"--version", Command::version}};

}  // namespace

Expected<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  std::string words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      arguments.command = Command::help;
      return arguments;
    }
    if (word == "--json") {
      arguments.json = true;
    } else if (word == "--timeout") {
      const std::string_view value = i + 1 < argc ? argv[++i] : "";
      int seconds = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
      if (error != std::errc{} || end != value.data() + value.size() || seconds < 1 || seconds > 600) {
        return wrong("--timeout needs a number of seconds from 1 to 600");
      }
      arguments.timeout = std::chrono::seconds(seconds);
    } else {
      words += (words.empty() ? "" : " ") + std::string(word);
    }
  }
  for (const Name& name : names) {
    if (words != name.text) continue;
    arguments.command = name.command;
    return arguments;
  }
  return wrong(words.empty() ? "no command; --help lists them" : "unknown command '" + words + "'; --help lists them");
}

}  // namespace scout::command
