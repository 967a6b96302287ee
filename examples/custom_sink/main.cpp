// Traces may go wherever a program wants them: a sink is any type with these three functions. They are called on scout's own
// thread, one at a time; what they are given is theirs until they return.

#include <scout/agent.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

namespace {

// Says which spans took long.
struct SlowSpans {
  scout::Expected<void> write(const scout::Trace& trace) {
    for (const scout::SpanView& span : trace.spans()) {
      const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(span.stop() - span.start()).count();
      if (milliseconds < 5) continue;
      std::printf("%.*s took %lld ms\n", static_cast<int>(span.operation().size()), span.operation().data(),
                  static_cast<long long>(milliseconds));
      ++found;
    }
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }  // CPU, memory, what is installed
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  int found = 0;
};

}  // namespace

int main() {
  static SlowSpans sink;  // it outlives the agent
  if (!scout::install({.name = "custom sink", .monitor = true}, sink)) return 1;
  {
    SCOUT_WEB_TRANSACTION("report");
    { SCOUT_INSTRUMENT("quick"); }
    SCOUT_INSTRUMENT("slow");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  scout::shutdown();
  return sink.found == 2 ? 0 : 1;  // the slow one, and the request around it
}
