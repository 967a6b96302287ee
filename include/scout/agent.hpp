#ifndef SCOUT_AGENT_HPP
#define SCOUT_AGENT_HPP

// The door for one source file, usually that of main(): starts and stops the agent. Needs fmt and simdjson. With
// SCOUT_DISABLE these functions do nothing and need neither.
//
// None of them throws. flush() and shutdown() wait no longer than they are told; configure(), stats() and describe() for what the
// background thread is doing, such as a sink's write(), and shutdown() for a configure() that does.

#include "config/config.hpp"
#include "scout.hpp"

#if !defined(SCOUT_DISABLE)

#  include "agent/lifecycle.hpp"

namespace scout::inline v0 {

// Begins to record and to send to the core agent. The environment (SCOUT_MONITOR=true, SCOUT_NAME=…) wins over `config`.
// False: not monitoring, because monitor is off, or something is installed already; the log says which. No thread is
// started before the first transaction, so a server may fork after this; but one that looks after the core agent, if this
// program includes core_agent/manager.hpp, in the process that installs. The background thread runs on the processors and with
// the scheduling policy of the thread that calls this, whichever begins the first transaction; but under a seccomp filter, where
// asking for that may be fatal, with those of that one.
inline bool install(Config config = {}) {
  detail::AgentTable* const agent = detail::make_agent();
  return agent != nullptr && agent->install(*agent, {std::move(config), {}, {}, detail::launcher_of_this_object});
}

// The same with a sink of your own in place of the core agent's. It must outlive shutdown(), or the process.
template <Sink S>
bool install(Config config, S& sink) {
  detail::AgentTable* const agent = detail::make_agent();
  return agent != nullptr && agent->install(*agent, {std::move(config), detail::sink_table(sink), {}, {}});
}

// Changes sampling, ignoring, the log's level, and whether anything is recorded (monitor). What `config` does not set keeps
// its value; the address, names, sizes and application_root are those of install() whatever it sets.
inline void configure(Config config) {
  if (detail::AgentTable* const agent = detail::find_agent()) agent->configure(*agent, std::move(config));
}

// Waits until everything that was recorded before the call is delivered or counted as lost. False: not in time. Registers
// with the core agent even when nothing was recorded.
inline bool flush(std::chrono::milliseconds timeout) {
  detail::AgentTable* const agent = detail::find_agent();
  return agent == nullptr || agent->flush(*agent, timeout);
}

// Stops recording, drains for at most shutdown_timeout_seconds, ends the thread. May be followed by install(), once the sink has
// returned.
inline void shutdown() {
  if (detail::AgentTable* const agent = detail::find_agent()) agent->shutdown(*agent);
}

// The account since the process began, or was forked.
inline Stats stats() {
  detail::AgentTable* const agent = detail::find_agent();
  return agent != nullptr ? agent->stats(*agent) : Stats{};
}

// What is installed, the account, and each value of the configuration with its origin, as text for a bug report: secrets are
// masked.
inline std::string describe() {
  detail::AgentTable* const agent = detail::find_agent();
  return agent != nullptr ? agent->describe(*agent) : detail::description("not installed", nullptr, false, {});
}

}  // namespace scout::inline v0

#else

#  include <chrono>

#  include "collect/stats.hpp"
#  include "sink/sink.hpp"

namespace scout::inline v0 {
inline namespace disabled {

inline bool install(const Config& = {}) noexcept { return false; }
template <Sink S>
bool install(const Config&, S&) noexcept {
  return false;
}
inline void configure(const Config&) noexcept {}
inline bool flush(std::chrono::milliseconds) noexcept { return true; }
inline void shutdown() noexcept {}
inline Stats stats() { return {}; }
inline std::string describe() { return "scout " SCOUT_VERSION ", compiled out with SCOUT_DISABLE\n"; }

}  // namespace disabled
}  // namespace scout::inline v0

#endif

#endif
