// scout-local-agent: a core agent for the desk. It speaks the core agent's protocol, so any Scout language agent can send
// to it, and shows in the terminal what arrived. No account, nothing leaves the machine.

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include <scout/version.hpp>
#include "../standard_output.hpp"
#include "arguments.hpp"
#include "json_lines.hpp"
#include "report.hpp"
#include "serve.hpp"
#include "waterfall.hpp"

namespace scout::local_agent {
namespace {

int show(const Arguments& arguments) {
  Desk desk;
  if (arguments.json && arguments.trace.empty()) {
    desk.on_trace([&](const Trace& trace) {
      if (arguments.endpoint.empty() || trace.endpoint == arguments.endpoint) {
        standard_output::print("{}", transaction_json(trace));
      }
    });
  }
  const auto read = read_recording(arguments.show, [&](simdjson::dom::element message) { desk.apply(message, Time{}); });
  if (!read) return fail(read.error());
  if (!arguments.trace.empty()) {
    const auto trace = desk.store().find(arguments.trace, arguments.endpoint);
    if (!trace) {
      return fail({ErrorCode::invalid_argument,
                   fmt::format("{} has no such trace: {} {}", arguments.show, arguments.trace, arguments.endpoint)});
    }
    standard_output::print("{}", arguments.json ? trace_json(*trace) : waterfall(*trace, arguments.appearance));
  } else if (arguments.json) {
    standard_output::print("{}{}", endpoints_json(desk.store(), arguments.endpoint), account_json(desk, 0));
  } else {
    standard_output::print("{}", endpoint_table(desk.store(), arguments.appearance, arguments.endpoint));
  }
  return 0;
}

int run(const Arguments& arguments) {
  if (arguments.help) return standard_output::print("{}", usage), 0;
  if (arguments.version) return standard_output::print("scout-local-agent {}\n", SCOUT_VERSION), 0;
  return arguments.show.empty() ? serve(arguments) : show(arguments);
}

}  // namespace
}  // namespace scout::local_agent

int main(int argc, char** argv) {
  using namespace scout::local_agent;
  scout::standard_output::hold_descriptors();
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) return fail(arguments.error()), 2;
  return scout::standard_output::finish("scout-local-agent", run(*arguments));
}
