// Compiled out: the doors are there and do nothing, spans are there and record nothing, and neither fmt nor simdjson is needed
// (absent/ stands in for both and refuses to be included).
#include <scout/agent.hpp>
#include <scout/scout.hpp>

#include <cstdio>

namespace {

struct CountingSink {
  scout::Expected<void> write(const scout::Trace&) { return ++written, scout::Expected<void>(); }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return ++written, scout::Expected<void>(); }
  scout::Expected<void> flush(scout::Deadline) { return ++written, scout::Expected<void>(); }

  int written = 0;
};

int failures = 0;
void check(bool passed, const char* what) {
  if (passed) return;
  std::fprintf(stderr, "not so: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  CountingSink sink;
  check(!scout::install({.name = "disabled", .monitor = true}), "install() monitors nothing");
  check(!scout::install({.name = "disabled", .monitor = true}, sink), "install() with a sink monitors nothing");
  int evaluations = 0;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_TAG("count", ++evaluations);
    scout::WebTransaction page("page");
    scout::ScopedSpan span("work");
    check(!span.tag("rows", 1), "a span is not recorded");
    check(!scout::is_recording(), "nothing is recorded");
  }
  scout::configure({.monitor = true});
  check(scout::flush(std::chrono::milliseconds(0)), "there is nothing to flush");
  check(scout::stats().transactions.started == 0, "nothing was started");
  scout::shutdown();
  check(evaluations == 0, "the argument of a macro is not evaluated");
  check(sink.written == 0, "the sink is not used");
  return failures == 0 ? 0 : 1;
}
