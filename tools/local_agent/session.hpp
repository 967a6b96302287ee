#ifndef SCOUT_TOOLS_LOCAL_AGENT_SESSION_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_SESSION_HPP

// What the local agent does with a message: judge it, record it, put it into the store, answer. Knows no sockets.

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "open_requests.hpp"
#include "processes.hpp"
#include "recording.hpp"
#include "store.hpp"

namespace scout::local_agent {

struct Account {
  std::uint64_t connections = 0, live = 0;  // ever, and now
  std::uint64_t messages = 0, refused = 0;
  std::uint64_t bad_frames = 0;                     // connections that broke off because of one
  std::uint64_t timed_out = 0;                      // and because they owed something for too long
  std::map<std::string, std::uint64_t> complaints;  // bounded; further ones are counted in `refused` alone
};

// What all connections share.
class Desk {
 public:
  explicit Desk(Recording recording = {}) : recording_(std::move(recording)) {}

  // Called with every trace before it goes into the store.
  void on_trace(std::function<void(const Trace&)> call) { on_trace_ = std::move(call); }

  // Takes what a message tells, from a connection that is registered or from a recording.
  void apply(simdjson::dom::element message, Time now);

  const Store& store() const { return store_; }
  const Processes& processes() const { return processes_; }
  const Account& account() const { return account_; }
  const RequestAccount& requests() const { return requests_.account(); }
  std::size_t open_requests() const { return requests_.size(); }

 private:
  friend class Session;

  Store store_;
  Processes processes_;
  std::function<void(const Trace&)> on_trace_;
  OpenRequests requests_{[this](Trace trace) {
    if (on_trace_) on_trace_(trace);
    store_.add(std::move(trace));
  }};
  Recording recording_;
  Account account_;
  simdjson::dom::parser parser_;
};

// One connection: Register comes first.
class Session {
 public:
  explicit Session(Desk& desk);

  struct Answer {
    std::string text;
    bool shut_down = false;  // the client asked the core agent to end
  };
  // The bytes behind the payload, simdjson::SIMDJSON_PADDING of them, may be read.
  Answer handle(std::string_view payload);

  // The connection cannot go on; the answer says why.
  std::string bad_frame(std::string_view why);
  void timed_out();
  void closed(std::size_t left);  // bytes of an unfinished frame

  std::uint64_t messages() const { return messages_; }

 private:
  Answer judge(std::string_view payload);
  Answer refuse(const std::string& complaint);

  Desk& desk_;
  std::uint64_t number_, messages_ = 0;
  bool registered_ = false;
};

}  // namespace scout::local_agent

#endif
