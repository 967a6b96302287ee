// A program of somebody else: one file with the agent, one with spans, a sink of its own.
#include <scout/agent.hpp>

#include <cstdio>

int work();

struct CountingSink {
  scout::Expected<void> write(const scout::Trace& trace) {
    spans += trace.spans().size();
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  std::size_t spans = 0;
};

int main() {
  static CountingSink sink;
  if (!scout::install({.key = "consumer", .name = "consumer", .monitor = true}, sink)) return 1;
  work();
  const bool flushed = scout::flush(std::chrono::seconds(10));
  scout::shutdown();
  std::printf("%zu spans arrived\n", sink.spans);
  return flushed && sink.spans == 2 ? 0 : 1;
}
