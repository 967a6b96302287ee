#ifndef SCOUT_TESTS_AGENT_HPP
#define SCOUT_TESTS_AGENT_HPP

// The functions of scout/agent.hpp for a program of many: agent.cpp has compiled them, and what is behind them, once for all.
// A source that has the header itself, or the one header, needs nothing of this.

#include <scout/scout.hpp>

#if !defined(SCOUT_AGENT_HPP)

#  include <scout/collect/stats.hpp>
#  include <scout/config/config.hpp>
#  include <scout/sink/sink_table.hpp>

#  include <chrono>
#  include <string>
#  include <utility>

namespace scout {

bool install(Config config = {});
bool install(Config config, detail::SinkTable sink);
template <Sink S>
bool install(Config config, S& sink) {
  return install(std::move(config), detail::sink_table(sink));
}
void configure(Config config);
bool flush(std::chrono::milliseconds timeout);
void shutdown();
Stats stats();
std::string describe();

}  // namespace scout

#endif

#endif
