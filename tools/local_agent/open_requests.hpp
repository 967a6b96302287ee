#ifndef SCOUT_TOOLS_LOCAL_AGENT_OPEN_REQUESTS_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_OPEN_REQUESTS_HPP

// Commands become traces here. A request is followed by its id over messages and connections, because older Node agents
// send single commands through a pool of connections; the others send one batch a request. Bounded in every direction.

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

struct OpenRequestLimits {
  std::size_t requests = 2000;  // for a new one the oldest is given up, likewise over the limit of bytes
  std::size_t bytes = 32 * 1024 * 1024;
  std::size_t spans = 10'000;  // of one request; further ones are counted in its trace
  std::size_t tags = 100;      // of a request or span
  std::size_t text = 16 * 1024;
  std::size_t frames = 50;  // of a stack
};

// started = finished + ignored + given up + those open now.
struct RequestAccount {
  std::uint64_t started = 0, finished = 0, given_up = 0;
  std::uint64_t ignored = 0;  // the application asked for it: request tag "ignore_transaction"
  std::uint64_t astray = 0;   // commands for a request that is not open
};

class OpenRequests {
 public:
  using Finished = std::function<void(Trace)>;

  explicit OpenRequests(Finished finished, OpenRequestLimits limits = {}) : finished_(std::move(finished)), limits_(limits) {}

  // Takes what can be understood of a message; `now` stands in for a missing timestamp.
  void apply(simdjson::dom::element message, Time now);

  const RequestAccount& account() const { return account_; }
  std::size_t size() const { return open_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <class Value>
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  struct Open {
    Trace trace;
    Map<std::size_t> spans;  // id to position
    std::size_t bytes = 0;
  };

  void apply_command(simdjson::dom::element message, Time now);
  void start(std::string_view request, Time when);
  void start_span(Open& open, simdjson::dom::element arguments, Time when);
  void grow(Open& open, std::ptrdiff_t bytes);
  void give_up_oldest();
  std::string text_of(simdjson::dom::element value) const;

  Finished finished_;
  OpenRequestLimits limits_;
  std::list<Open> open_;  // the oldest first
  Map<std::list<Open>::iterator> by_id_;
  std::size_t bytes_ = 0;
  RequestAccount account_;
};

}  // namespace scout::local_agent

#endif
