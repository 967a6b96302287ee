#ifndef SCOUT_TOOLS_LOCAL_AGENT_OPEN_REQUESTS_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_OPEN_REQUESTS_HPP

// Commands become traces here. A request is followed by its id over messages and connections, because older Node agents
// send single commands through a pool of connections; the others send one batch a request.

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "trace.hpp"

namespace scout::local_agent {

class OpenRequests {
 public:
  using Finished = std::function<void(Trace)>;

  // Remembers at most `limit` unfinished requests; the oldest is given up for a new one.
  explicit OpenRequests(Finished finished, std::size_t limit = 1000) : finished_(std::move(finished)), limit_(limit) {}

  // Takes what can be understood of a message; `now` stands in for a missing timestamp.
  void apply(simdjson::dom::element message, Time now);

  std::uint64_t given_up() const { return given_up_; }

 private:
  struct Open {
    Trace trace;
    std::unordered_map<std::string, std::size_t> spans;  // id to position
  };

  void start(std::string_view request, Time when);

  Finished finished_;
  std::size_t limit_;
  std::list<Open> open_;  // the oldest first
  std::unordered_map<std::string, std::list<Open>::iterator> by_id_;
  std::uint64_t given_up_ = 0;
};

}  // namespace scout::local_agent

#endif
