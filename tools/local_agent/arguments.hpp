#ifndef SCOUT_TOOLS_LOCAL_AGENT_ARGUMENTS_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_ARGUMENTS_HPP

// The command line of scout-local-agent.

#include <string>
#include <string_view>

#include <scout/core/expected.hpp>
#include "terminal_text.hpp"

namespace scout::local_agent {

inline constexpr std::string_view usage = R"(scout-local-agent: receives what Scout's language agents send, and shows it

  scout-local-agent [--address A] [--endpoint NAME] [--record FILE] [--report] [--json | --plain]
  scout-local-agent show FILE [--endpoint NAME] [--trace latest|slowest|REQUEST_ID] [--json]

In a terminal it shows what arrives as it arrives; ? there lists the keys. Elsewhere it prints a line for each transaction,
at most ten a second.

  --address A      tcp://127.0.0.1:PORT (port 0: a free one) or the path of a socket; default tcp://127.0.0.1:6590
  --record FILE    write every message to FILE, as JSON lines; `show` reads them
  --report         print the endpoints, the slowest trace and an account when it ends
  --json           a JSON object a line: every transaction as it arrives; at the end the endpoints and an account
  --plain          lines of text in a terminal too
  --allow-remote   allow an address that other machines can reach
  --endpoint NAME  only this endpoint
  --trace WHICH    one trace as a waterfall
  --width N        columns, at least 40; default: the terminal's
  --ascii          nothing but ASCII, as in a locale that is not UTF-8
  --version, --help

It ends on SIGINT, SIGTERM, SIGHUP or a client's CoreAgentShutdown. Exit status: 0 ended so, 1 something failed, 2 wrong
arguments, 3 somebody else listens on the address.
)";

struct Arguments {
  std::string address = "tcp://127.0.0.1:6590";
  std::string record, show, endpoint, trace;
  bool report = false, json = false, plain = false, remote = false, help = false, version = false;
  Appearance appearance;
};

// The error's message says what cannot be used.
Expected<Arguments> parse_arguments(int argc, char** argv);

}  // namespace scout::local_agent

#endif
