#ifndef SCOUT_TOOLS_LOCAL_AGENT_PROTOCOL_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_PROTOCOL_HPP

// The rules of the core agent's messages (API version 1.0): which commands there are, their members and order.

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace scout::local_agent {

struct Command {
  std::string_view name;  // "?": not an object with exactly one member
  simdjson::dom::element arguments;
};
Command command_of(simdjson::dom::element message);

// Everything that is wrong with one message; empty: nothing. `registered`: a Register came before on this connection.
std::vector<std::string> check(simdjson::dom::element message, bool registered);

// A string member of an object; empty when there is none.
std::string_view text_member(simdjson::dom::element object, std::string_view name);

// The answer that a core agent gives.
std::string success_answer(std::string_view command);
std::string failure_answer(std::string_view message);

}  // namespace scout::local_agent

#endif
