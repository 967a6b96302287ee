#ifndef SCOUT_CORE_AGENT_MANAGER_CORE_AGENT_MANAGER_HPP
#define SCOUT_CORE_AGENT_MANAGER_CORE_AGENT_MANAGER_HPP

// Brings it about that a core agent answers at the configured address: finds one that runs, or a verified binary, or downloads
// that, and launches it. One thread; every step waits for what it does. The command `scout` takes the steps one by one,
// ManagerThread all of them again and again.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../../config/final_config.hpp"
#include "../../log/log.hpp"
#include "launch.hpp"
#include "package.hpp"

namespace scout::inline v0 {

class CoreAgentManager {
 public:
  // Reads the environment and the working directory.
  CoreAgentManager(FinalConfig config, const Logger& logger)
      : config_(std::move(config)),
        logger_(logger),
        location_(core_agent_location(config_)),
        variables_(InheritedVariables::of_this_process(config_.key)) {
    options_.allow_http = config_.download_allow_http;
    // The program may go elsewhere before the core agent is launched.
    for (auto path : {&FinalConfig::core_agent_log_file, &FinalConfig::core_agent_config_file}) {
      if (!(config_.*path).empty()) config_.*path = detail::absolute_path(config_.*path);
    }
    detail::make_absolute(config_.core_agent_socket_path);
  }

  // What it was made with.
  const FinalConfig& config() const noexcept { return config_; }
  // Where the binary belongs, or why that is not known.
  const Expected<CoreAgentLocation>& location() const noexcept { return location_; }
  // For downloads that begin later.
  TransferOptions& transfer_options() noexcept { return options_; }
  // Makes every step end soon, with an error. Any thread.
  StopSignal& stop_signal() noexcept { return stop_; }

  // The version of the core agent that listens; asks it to end. Both wait for an answer.
  Expected<std::string> probe() const { return probe_core_agent(config_.core_agent_socket_path, stop_); }
  Expected<void> shut_down() const { return shut_down_core_agent(config_.core_agent_socket_path, stop_); }

  // The binary that is here, verified anew.
  Expected<CoreAgentBinary> find() const { return location_ ? find_core_agent_binary(*location_) : location_.error(); }

  // Downloads, verifies and unpacks it, unless another process just did. Waits.
  Expected<CoreAgentBinary> download() const {
    if (!location_) return location_.error();
    logger_.write(LogLevel::info, "scout.launcher", "downloading {}", detail::shown_url(location_->url));
    auto binary = download_core_agent(*location_, options_, variables_, stop_);
    if (binary) {
      logger_.write(LogLevel::info, "scout.launcher", "{} is there and verified: version {}, SHA-256 {}", binary->path,
                    detail::printable(binary->version), binary->sha256);
    }
    return binary;
  }

  // The binary that is here, or one that is downloaded now when core_agent_download allows that.
  Expected<CoreAgentBinary> obtain() const {
    auto binary = find();
    if (binary || !location_) return binary;
    if (config_.core_agent_download) return download();
    return Error{binary.error().code, binary.error().message + "; core_agent_download is off"};
  }

  // One that runs, or a new one; says so in the log.
  Expected<RunningCoreAgent> ensure() const {
    auto version = probe();
    if (version) return announced({.version = std::move(*version), .was_running = true});
    if (version.error().code != ErrorCode::unreachable) return version.error();
    if (!is_on_this_machine(config_.core_agent_socket_path)) {
      return Error{ErrorCode::invalid_argument, version.error().message + "; none is launched, as that is not this machine"};
    }
    const auto binary = obtain();
    if (!binary) return binary.error();
    auto agent = launch_core_agent(*binary, config_, variables_, stop_);
    if (!agent) return agent;
    return announced(std::move(*agent));
  }

 private:
  RunningCoreAgent announced(RunningCoreAgent agent) const {
    logger_.write(LogLevel::info, "scout.launcher", "{} a core agent at {}: version {}", agent.was_running ? "found" : "launched",
                  config_.core_agent_socket_path.text(), detail::printable(agent.version));
    return agent;
  }

  FinalConfig config_;
  const Logger& logger_;
  Expected<CoreAgentLocation> location_;
  InheritedVariables variables_;
  TransferOptions options_;
  StopSignal stop_;
};

}  // namespace scout::inline v0

#endif
