#ifndef SCOUT_TOOLS_LOCAL_AGENT_SESSION_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_SESSION_HPP

// What the local agent does with a message: judge it, record it, put it into the store, answer. Knows no sockets.

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "open_requests.hpp"
#include "recording.hpp"
#include "store.hpp"

namespace scout::local_agent {

struct Account {
  std::uint64_t connections = 0, messages = 0, refused = 0, bad_frames = 0;
  std::map<std::string, std::uint64_t> complaints;  // bounded; further ones are counted in `refused` alone
};

// What all connections share.
class Desk {
 public:
  explicit Desk(Recording recording = {}) : recording_(std::move(recording)) {}

  // One line about traffic, and one for each kind of complaint.
  std::string account_text() const;

  Store& store() { return store_; }
  const Account& account() const { return account_; }

 private:
  friend class Session;

  Store store_;
  OpenRequests requests_{[this](Trace trace) { store_.add(std::move(trace)); }};
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
  Answer handle(std::string_view payload);

  void bad_frame(std::string_view why);
  void closed(std::size_t left);  // bytes of an unfinished frame

 private:
  Answer refuse(const std::string& complaint);

  Desk& desk_;
  std::uint64_t number_, messages_ = 0;
  bool registered_ = false;
};

}  // namespace scout::local_agent

#endif
