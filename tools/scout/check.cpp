#include "check.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include <scout/core_agent/core_agent_sink.hpp>
#include "../standard_output.hpp"
#include "output.hpp"

namespace scout::command {
namespace {

class Check {
 public:
  Check(CoreAgentManager& manager, const Arguments& arguments)
      : manager_(manager), config_(manager.config()), arguments_(arguments) {}

  int run() {
    check_settings();
    if (const auto& location = manager_.location(); !location) {
      wrong("location", location.error().message, "correct the setting");
    } else {
      check_directory(*location);
      check_binary(*location);
    }
    check_core_agent();
    if (arguments_.json) {
      print_json({{"type", "result"}, {"ok", wrong_ == 0}});
    } else {
      standard_output::print("{}\n", wrong_ == 0 ? "nothing is wrong" : fmt::format("{} wrong", wrong_));
    }
    return wrong_ == 0 ? 0 : 1;
  }

 private:
  void good(std::string_view link, std::string_view text) { print("ok", link, text, ""); }
  void note(std::string_view link, std::string_view text, std::string_view advice) { print("note", link, text, advice); }
  void wrong(std::string_view link, std::string_view text, std::string_view advice) {
    ++wrong_;
    print("wrong", link, text, advice);
  }

  void print(std::string_view verdict, std::string_view link, std::string_view text, std::string_view advice) const {
    if (arguments_.json) {
      print_json({{"type", "check"}, {"verdict", verdict}, {"link", link}, {"text", text}, {"advice", advice}});
    } else {
      standard_output::print("{:5}  {:10}  {}{}{}\n", verdict, link, text, advice.empty() ? "" : "; ", advice);
    }
  }

  std::string origin(std::string_view key) const { return fmt::format("({})", origin_name(config_.origin(key))); }

  void check_settings() {
    for (const auto& problem : config_.problems) {
      if (!problem.starts_with("key is not set") && !problem.starts_with("name is not set"))
        note("settings", problem, "correct it");
    }
    if (config_.monitor) {
      good("monitor", "on " + origin("monitor"));
    } else {
      wrong("monitor", "off " + origin("monitor") + ": nothing is recorded",
            "set SCOUT_MONITOR=true, unless the program sets it");
    }
    if (!config_.key.empty()) {
      good("key", "set " + origin("key"));
    } else {
      wrong("key", "not set: no account will show what is sent", "set SCOUT_KEY, unless the program sets it");
    }
    const std::string name = fmt::format("'{}' {}", config_.name, origin("name"));
    if (config_.origin("name") == Origin::environment) {
      good("name", name);
    } else {
      note("name", name + ": the program's", "set SCOUT_NAME, unless the program sets it");
    }
  }

  void check_directory(const CoreAgentLocation& location) {
    const std::string where = location.directory + ' ' + origin("core_agent_dir");
    if (::access(location.directory.c_str(), F_OK) != 0 && errno == ENOENT) {
      return note("directory", where + " is not there yet", "it is made by the first download");
    }
    const auto directory = detail::open_trusted_directory(location.directory, false, location.permissions);
    if (!directory) {
      const Error& error = directory.error();
      return wrong(
          "directory", error.message,
          error.code == ErrorCode::file ? "let this user read it" : "give it to this user alone, or set SCOUT_CORE_AGENT_DIR");
    }
    struct stat status {};
    ::fstat(directory->number(), &status);
    if (const auto fine = detail::check_file_system(directory->number(), location.directory); !fine) {
      return wrong("directory", fine.error().message, "it is SCOUT_CORE_AGENT_DIR");
    }
    good("directory", fmt::format("{}, mode {}, user {}", where, detail::mode_text(status.st_mode & 0777), status.st_uid));
  }

  void check_binary(const CoreAgentLocation& location) {
    const auto binary = manager_.find();
    if (binary) return good("binary", fmt::format("{}, version {}", binary->path, detail::printable(binary->version)));
    const bool absent = binary.error().code == ErrorCode::file;
    if (!absent) {
      return wrong(
          "binary", binary.error().message,
          config_.core_agent_download ? "repair it, or remove it and run: scout agent download" : "put the right files there");
    }
    if (!config_.core_agent_download) {
      return wrong("binary", binary.error().message + "; core_agent_download is off " + origin("core_agent_download"),
                   "put the files there, or switch it on");
    }
    note("binary", binary.error().message, "run: scout agent download");
    TransferOptions options = manager_.transfer_options();
    options.patience = arguments_.timeout;
    options.only_ask = true;
    const auto variables = InheritedVariables::of_this_process(config_.key);
    const auto reached = detail::Transfer(-1, "", options, variables, manager_.stop_signal()).run(location.url);
    if (reached) return good("download", detail::shown_url(location.url) + " is there");
    wrong("download", reached.error().message,
          "set SCOUT_DOWNLOAD_URL, SCOUT_CORE_AGENT_VERSION or SCOUT_CORE_AGENT_TRIPLE, or let this machine reach it");
  }

  void check_core_agent() {
    const Address& address = config_.core_agent_socket_path;
    const std::string where = address.text() + ' ' + origin("core_agent_socket_path");
    const auto version = manager_.probe();
    if (!version) {
      if (version.error().code != ErrorCode::unreachable) {
        return wrong("core agent", version.error().message, "end what listens there, or set SCOUT_CORE_AGENT_SOCKET_PATH");
      }
      if (!is_on_this_machine(address)) {
        return wrong("core agent", version.error().message, "start it there, or set SCOUT_CORE_AGENT_SOCKET_PATH");
      }
      return wrong("core agent", version.error().message,
                   config_.core_agent_launch
                       ? "run: scout agent launch (a program with scout/core_agent/manager.hpp does it itself)"
                       : "start it, or switch core_agent_launch on");
    }
    good("core agent", fmt::format("{}: version {}", where, detail::printable(*version)));
    const std::string wanted = config_.core_agent_version;
    if (wanted != "latest" && wanted != *version && wanted != 'v' + *version) {
      note("version", fmt::format("{} runs, core_agent_version is {}", detail::printable(*version), wanted),
           "scout agent shutdown, then launch, if that matters");
    }
    const Logger silent(LogLevel::off);
    CoreAgentSink sink(config_, silent);
    if (const auto registered = sink.flush(StopSignal::Clock::now() + probe_patience); !registered) {
      return wrong("Register", registered.error().message, "see the core agent's log");
    }
    good("Register", fmt::format("accepted for '{}'", config_.name));
  }

  CoreAgentManager& manager_;
  const FinalConfig& config_;
  const Arguments& arguments_;
  int wrong_ = 0;
};

}  // namespace

int run_check(CoreAgentManager& manager, const Arguments& arguments) { return Check(manager, arguments).run(); }

}  // namespace scout::command
