#ifndef SCOUT_CORE_AGENT_MANAGER_LAUNCH_HPP
#define SCOUT_CORE_AGENT_MANAGER_LAUNCH_HPP

// Starts the core agent's binary as a daemon. It gets three descriptors, a few environment variables, default signal handling and
// a session of its own; never the account's key, which the agent sends over the socket. posix_spawn, so that nothing of the
// program is copied and none of its fork handlers runs; the program sees one SIGCHLD.

#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../config/final_config.hpp"
#include "binary.hpp"
#include "file_name.hpp"
#include "inherited_variables.hpp"
#include "location.hpp"
#include "probe.hpp"

namespace scout::inline v0 {

// The documented ones, beginning with argv[0].
inline std::vector<std::string> launch_arguments(const std::string& binary, const FinalConfig& config) {
  std::vector<std::string> arguments{binary, "start", "--daemonize", "true", "--log-level", config.core_agent_log_level};
  const auto add = [&](const char* flag, std::string value) {
    arguments.emplace_back(flag);
    arguments.push_back(std::move(value));
  };
  if (!config.core_agent_log_file.empty()) add("--log-file", config.core_agent_log_file);
  if (!config.core_agent_config_file.empty()) add("--config-file", config.core_agent_config_file);
  Address address = config.core_agent_socket_path;
  address.is_automatic = false;  // that is TCP
  if (address.is_unix()) {
    add("--socket", detail::absolute_path(address.path));
  } else {
    add("--tcp", address.text().substr(std::string_view("tcp://").size()));
  }
  return arguments;
}

namespace detail {

// Until the binary has said what became of it, and the core agent answers.
inline constexpr std::chrono::seconds launch_patience{10};
// With a binary whose core agent answers, for its status; after that it is one that does not daemonise.
inline constexpr std::chrono::seconds status_patience{1};
inline constexpr int already_running = 3;

// A file in memory for what the binary says before it fails; what a daemon writes later than that finds it full.
inline Descriptor bounded_output() {
  constexpr off_t size = 4096;
  Descriptor file(::memfd_create("scout-launch", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file && (::ftruncate(file.number(), size) != 0 || ::fcntl(file.number(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)) {
    return Descriptor();
  }
  return file;
}

inline std::string first_line(int file) {
  char text[256];
  const ssize_t size = ::pread(file, text, sizeof text, 0);
  std::string_view line(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  return printable(line.substr(0, line.find_first_of(std::string_view("\n\0", 2))));
}

class LaunchedProcess {
 public:
  static Expected<LaunchedProcess> start(const std::vector<std::string>& arguments, const std::vector<std::string>& variables) {
    LaunchedProcess process;
    process.output_ = bounded_output();
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (process.output_) {
      posix_spawn_file_actions_adddup2(&files, process.output_.number(), STDERR_FILENO);
    } else {
      posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    const auto pointers = [](const std::vector<std::string>& texts) {
      std::vector<char*> all_of_them;
      for (const auto& text : texts) all_of_them.push_back(const_cast<char*>(text.c_str()));
      all_of_them.push_back(nullptr);
      return all_of_them;
    };
    const int error = ::posix_spawn(&process.id_, arguments.front().c_str(), &files, &attributes, pointers(arguments).data(),
                                    pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) return file_error(arguments.front(), error);
    return process;
  }

  // A wait status, once it has ended; none: it is running(), or what became of it is not known.
  std::optional<int> ended() {
    int status = 0;
    const pid_t found = id_ > 0 ? ::waitpid(id_, &status, WNOHANG) : -1;
    if (found == 0) return std::nullopt;
    id_ = 0;  // also when the program waited for all children, or lets the system do it
    return found < 0 ? std::nullopt : std::optional(status);
  }
  bool running() const noexcept { return id_ > 0; }

  void kill() {
    if (ended() || !running()) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    id_ = 0;
  }

  std::string message() const { return output_ ? first_line(output_.number()) : std::string(); }

 private:
  pid_t id_ = 0;
  Descriptor output_;
};

inline Error launch_failed(const std::string& binary, int status, const std::string& message) {
  std::string how = WIFEXITED(status) ? "exited with status " + std::to_string(WEXITSTATUS(status))
                                      : "was ended by signal " + std::to_string(WTERMSIG(status));
  return {ErrorCode::refused, binary + ' ' + how + (message.empty() ? "" : ": " + message)};
}

}  // namespace detail

// What came of a launch.
struct RunningCoreAgent {
  std::string version;                                  // that it answered with
  bool was_running = false;                             // somebody else's, or launched by another process meanwhile
  std::optional<detail::LaunchedProcess> process = {};  // it does not daemonise: a child of this process
};

// Launched means: a core agent answers at the address. Waits for that, launch_patience at most.
inline Expected<RunningCoreAgent> launch_core_agent(const CoreAgentBinary& binary, const FinalConfig& config,
                                                    const InheritedVariables& variables, const StopSignal& stop) {
  if (stop.raised()) return StopSignal::error();
  auto process = detail::LaunchedProcess::start(launch_arguments(binary.path, config), variables.entries());
  if (!process) return process.error();
  auto latest = StopSignal::Clock::now() + detail::launch_patience;
  RunningCoreAgent agent;
  do {
    const auto status = process->ended();
    if (status && (!WIFEXITED(*status) || (WEXITSTATUS(*status) != 0 && WEXITSTATUS(*status) != detail::already_running))) {
      return detail::launch_failed(binary.path, *status, process->message());
    }
    if (status && WEXITSTATUS(*status) == detail::already_running) agent.was_running = true;
    if (agent.version.empty()) {
      if (auto version = probe_core_agent(config.core_agent_socket_path, stop)) {
        agent.version = std::move(*version);
        latest = StopSignal::Clock::now() + detail::status_patience;
      }
    }
    if (!agent.version.empty() && !process->running()) return agent;
    if (!stop.pause(StopSignal::poll_interval)) break;
  } while (StopSignal::Clock::now() < latest);
  if (!agent.version.empty() && !stop.raised()) {
    agent.process = std::move(*process);
    return agent;
  }
  process->kill();
  if (stop.raised()) return StopSignal::error();
  return Error{ErrorCode::timed_out, binary.path + " was started, but no core agent answers at " +
                                         config.core_agent_socket_path.text() + " after 10 s"};
}

}  // namespace scout::inline v0

#endif
