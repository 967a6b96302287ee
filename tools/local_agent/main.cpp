// scout-local-agent: a core agent for the desk. It speaks the core agent's protocol, so any Scout language agent can send
// to it, and shows in the terminal what arrived. No account, nothing leaves the machine.

#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <scout/version.hpp>
#include "open_requests.hpp"
#include "report.hpp"
#include "server.hpp"
#include "waterfall.hpp"

namespace scout::local_agent {
namespace {

constexpr std::string_view usage = R"(scout-local-agent: receives what Scout's language agents send, and shows it

  scout-local-agent [--address A] [--record FILE] [--report]
  scout-local-agent show FILE [--endpoint NAME] [--trace latest|slowest|REQUEST_ID]

  --address A        tcp://127.0.0.1:PORT (port 0: a free one) or the path of a socket; default tcp://127.0.0.1:6590
  --record FILE      write every message to FILE, as JSON lines; `show` reads them
  --report           print the endpoints and the slowest trace when it ends (SIGINT, SIGTERM or CoreAgentShutdown)
  --listen-anywhere  allow an address that other machines can reach
  --endpoint NAME    only this endpoint
  --trace WHICH      the waterfall of one trace
  --width N          columns; default: the terminal's
  --ascii            nothing but ASCII
  --version, --help
)";

struct Arguments {
  std::string address = "tcp://127.0.0.1:6590";
  std::string record, show, endpoint, trace;
  bool report = false, anywhere = false, help = false, version = false;
  Appearance appearance{terminal_width(STDOUT_FILENO), false};
};

// Nothing when they cannot be used; says why.
std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    std::string width;
    const struct {
      std::string_view name;
      std::string* value;
    } texts[] = {{"--address", &arguments.address}, {"--record", &arguments.record}, {"--endpoint", &arguments.endpoint},
                 {"--trace", &arguments.trace},     {"show", &arguments.show},       {"--width", &width}};
    const struct {
      std::string_view name;
      bool* value;
    } switches[] = {{"--report", &arguments.report},
                    {"--listen-anywhere", &arguments.anywhere},
                    {"--ascii", &arguments.appearance.ascii},
                    {"--help", &arguments.help},
                    {"--version", &arguments.version}};
    bool known = false;
    for (const auto& option : switches) {
      if (name == option.name) known = *option.value = true;
    }
    for (const auto& option : texts) {
      if (name != option.name) continue;
      if (i + 1 == argc) {
        fmt::print(stderr, "scout-local-agent: {} needs a value\n", name);
        return std::nullopt;
      }
      *option.value = argv[++i];
      known = true;
    }
    if (!known) {
      fmt::print(stderr, "scout-local-agent: unknown argument {}; --help lists them\n", name);
      return std::nullopt;
    }
    if (!width.empty()) arguments.appearance.width = std::max(20ul, std::strtoul(width.c_str(), nullptr, 10));
  }
  return arguments;
}

int fail(const Error& error) {
  fmt::print(stderr, "scout-local-agent: {}\n", error.message);
  return 1;
}

int show(const Arguments& arguments) {
  Store store;
  OpenRequests requests{[&](Trace trace) {
    if (arguments.endpoint.empty() || trace.endpoint() == arguments.endpoint) store.add(std::move(trace));
  }};
  const auto read = read_recording(arguments.show, [&](simdjson::dom::element message) { requests.apply(message, Time{}); });
  if (!read) return fail(read.error());
  if (arguments.trace.empty()) {
    fmt::print("{}", endpoint_table(store, arguments.appearance));
    return 0;
  }
  const auto trace = store.find(arguments.trace);
  if (!trace) {
    return fail({ErrorCode::invalid_argument,
                 fmt::format("{} has no such trace: {} {}", arguments.show, arguments.trace, arguments.endpoint)});
  }
  fmt::print("{}", waterfall(*trace, arguments.appearance));
  return 0;
}

int serve(const Arguments& arguments) {
  // Blocked before anything else: from here on they end the loop, not the process.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const Descriptor stop{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};

  auto listener = Listener::open(arguments.address, arguments.anywhere);
  if (!listener) return fail(listener.error());
  Recording recording;
  if (!arguments.record.empty()) {
    auto created = Recording::create(arguments.record);
    if (!created) return fail(created.error());
    recording = std::move(*created);
  }
  Desk desk{std::move(recording)};
  Server server{std::move(*listener), desk};
  fmt::print("scout-local-agent listens on {}\n", server.address());
  std::fflush(stdout);
  server.run(stop.number());
  if (arguments.report) {
    fmt::print("{}", endpoint_table(desk.store(), arguments.appearance));
    if (const auto slowest = desk.store().find("slowest")) fmt::print("\nslowest: {}", waterfall(*slowest, arguments.appearance));
    fmt::print("\n{}", desk.account_text());
  }
  return 0;
}

}  // namespace
}  // namespace scout::local_agent

int main(int argc, char** argv) {
  using namespace scout::local_agent;
  const auto arguments = parse(argc, argv);
  if (!arguments) return 2;
  if (arguments->help) return fmt::print("{}", usage), 0;
  if (arguments->version) return fmt::print("scout-local-agent {}\n", SCOUT_VERSION), 0;
  return arguments->show.empty() ? serve(*arguments) : show(*arguments);
}
