#ifndef SCOUT_TOOLS_LOCAL_AGENT_PROCESSES_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_PROCESSES_HPP

// What the processes that send say of themselves, once a minute each: CPU and memory. The latest of a few are kept.

#include <simdjson.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

namespace scout::local_agent {

struct Process {
  std::string source;            // "Pid: 123"
  std::optional<double> cpu;     // percent of all processors
  std::optional<double> memory;  // MiB
};

class Processes {
 public:
  static constexpr std::size_t most = 16;

  // Takes an ApplicationEvent and leaves every other message alone.
  void apply(simdjson::dom::element message);

  const std::deque<Process>& all() const { return all_; }  // whoever spoke first comes first

 private:
  std::deque<Process> all_;
};

}  // namespace scout::local_agent

#endif
