#include "agent.hpp"
#include "../standard_output.hpp"

#include <fmt/format.h>

namespace scout::command {
namespace {

int show(const Expected<CoreAgentBinary>& binary, const Arguments& arguments) {
  if (!binary) return fail(binary.error(), arguments.json);
  if (arguments.json) {
    print_json({{"type", "binary"}, {"path", binary->path}, {"version", binary->version}, {"sha256", binary->sha256}});
  } else {
    standard_output::print("{}\n", binary->path);
  }
  return 0;
}

int show(const std::string& address, const std::string& version, std::string_view how, const Arguments& arguments) {
  if (arguments.json) {
    print_json({{"type", "core_agent"}, {"address", address}, {"version", version}, {"how", how}});
  } else {
    standard_output::print("{}: core agent {}, {}\n", address, detail::printable(version), how);
  }
  return 0;
}

}  // namespace

int run_agent_command(CoreAgentManager& manager, const Arguments& arguments, ProgressLine& progress) {
  const std::string address = manager.config().core_agent_socket_path.text();
  manager.transfer_options().progress = [&](std::uint64_t received, std::uint64_t total) { progress.show(received, total); };
  manager.transfer_options().patience = arguments.timeout;
  switch (arguments.command) {
    case Command::download: return show(manager.download(), arguments);
    case Command::path: return show(manager.find(), arguments);
    case Command::launch: {
      const auto agent = manager.ensure();
      if (!agent) return fail(agent.error(), arguments.json);
      return show(address, agent->version, agent->was_running ? "was running" : "launched", arguments);
    }
    case Command::probe: {
      const auto version = manager.probe();
      return version ? show(address, *version, "running", arguments) : fail(version.error(), arguments.json);
    }
    default: break;
  }
  const auto ended = manager.shut_down();
  if (!ended) return fail(ended.error(), arguments.json);
  if (arguments.json) {
    print_json({{"type", "shutdown"}, {"address", address}});
  } else {
    standard_output::print("{}: the core agent ends\n", address);
  }
  return 0;
}

}  // namespace scout::command
