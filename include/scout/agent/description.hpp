#ifndef SCOUT_AGENT_DESCRIPTION_HPP
#define SCOUT_AGENT_DESCRIPTION_HPP

// The text of scout::describe(), for a bug report: what is installed, what became of everything, and where each value of the
// configuration came from. Secrets are masked.

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "../collect/metadata.hpp"
#include "../collect/stats.hpp"
#include "../config/finalize.hpp"
#include "../version.hpp"

namespace scout::inline v0::detail {

// "spans: 7 started = 4 delivered + 0 sampled out + 1 ignored + 2 dropped (2 late) + 0 live"
inline std::string ledger_line(std::string_view what, const Ledger& ledger) {
  std::string reasons = reasons_text(ledger.dropped);
  if (!reasons.empty()) reasons = " (" + reasons + ')';
  return fmt::format("{}: {} started = {} delivered + {} sampled out + {} ignored + {} dropped{} + {} live\n", what,
                     ledger.started, ledger.delivered, ledger.sampled_out, ledger.ignored, ledger.dropped.total(), reasons,
                     ledger.live);
}

// `config` is that of the last installation, nullptr when there was none; `has_own_sink`: traces go to the application's.
inline std::string description(std::string_view state, const FinalConfig* config, bool has_own_sink, const Stats& stats) {
  std::string text = fmt::format("scout {}, {}, process {}\nstate: {}\n", SCOUT_VERSION, language_version, ::getpid(), state);
  if (config == nullptr) return text;
  const std::string sink = has_own_sink ? "a sink of the application's" : config->core_agent_socket_path.text();
  text += fmt::format("sink: {}{}{}{}\n", sink,
                      has_own_sink      ? ""
                      : stats.connected ? ", connected"
                                        : ", not connected",
                      stats.last_error.empty() ? "" : "; last error: ", stats.last_error);
  text += ledger_line("transactions", stats.transactions);
  text += ledger_line("spans", stats.spans);
  text +=
      fmt::format("transactions sent again: {}, tags cut: {}, tags dropped: {}, calls from interrupting signal handlers: {}\n",
                  stats.redelivered, stats.cut_tags, stats.dropped_tags, stats.interrupted);
  for (const auto& problem : config->problems) text += fmt::format("problem: {}\n", problem);
  for (const auto& line : scout::describe(*config)) text += fmt::format("  {}\n", line);
  return text;
}

}  // namespace scout::inline v0::detail

#endif
