// A program linked with -static: nobody can be asked for other objects, and the registry is found all the same. Debian has
// no static simdjson, so this is the agent without the core agent's sink: spans, rings, the collector's thread, a sink.

#include <scout/collect/collector_thread.hpp>
#include <scout/config/finalize.hpp>
#include <scout/scout.hpp>

#include <cstdio>
#include <string>
#include <thread>

#include "cases.hpp"

namespace {

struct PrintingSink {
  scout::Expected<void> write(const scout::Trace& trace) {
    for (const scout::SpanView& span : trace.spans()) std::printf("%s\n", std::string(span.operation()).c_str());
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }
};

}  // namespace

int main() {
  using namespace scout::detail;
  Registry* const registry = find_registry();
  REQUIRE(registry != nullptr);
  const scout::FinalConfig config = scout::finalize({.name = "static", .monitor = true});
  const scout::Logger logger(config.log_level, {});
  PrintingSink sink;
  Collector collector(*registry, {&config, &logger, sink_table(sink), Timeline()});
  CollectorThread collecting(*registry, collector);
  registry->seed = {1, 2};
  change_state(*registry, Recording::on);
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("here");
    std::thread(scout::bind([] { SCOUT_INSTRUMENT("on a thread"); })).join();
  }
  REQUIRE(collecting.flush(std::chrono::steady_clock::now() + std::chrono::seconds(50)));
  REQUIRE(collecting.stop(std::chrono::steady_clock::now() + std::chrono::seconds(50)));
  std::fflush(stdout);
}
