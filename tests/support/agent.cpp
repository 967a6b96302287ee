#include "agent.hpp"

#include <scout/agent.hpp>

namespace scout {

bool install(Config config) { return v0::install(std::move(config)); }
bool install(Config config, detail::SinkTable sink) {
  detail::AgentTable* const agent = detail::make_agent();
  return agent != nullptr && agent->install(*agent, {std::move(config), sink, {}, {}});
}
void configure(Config config) { v0::configure(std::move(config)); }
bool flush(std::chrono::milliseconds timeout) { return v0::flush(timeout); }
void shutdown() { v0::shutdown(); }
Stats stats() { return v0::stats(); }
std::string describe() { return v0::describe(); }

}  // namespace scout
