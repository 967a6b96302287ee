#include "processes.hpp"

#include <algorithm>

#include "protocol.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {

void Processes::apply(simdjson::dom::element message) {
  const auto [name, arguments] = command_of(message);
  double value = 0;
  if (name != "ApplicationEvent" || !arguments.is_object() || arguments["event_value"].get(value) != simdjson::SUCCESS) return;
  const std::string_view type = text_member(arguments, "event_type");
  if (type != "CPU/Utilization" && type != "Memory/Physical") return;
  const std::string source = shortened(text_member(arguments, "source"), 60);
  auto process = std::find_if(all_.begin(), all_.end(), [&](const Process& each) { return each.source == source; });
  if (process == all_.end()) {
    if (all_.size() == most) all_.pop_front();
    process = all_.insert(all_.end(), Process{source, {}, {}});
  }
  (type == "CPU/Utilization" ? process->cpu : process->memory) = value;
}

}  // namespace scout::local_agent
