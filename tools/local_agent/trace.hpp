#ifndef SCOUT_TOOLS_LOCAL_AGENT_TRACE_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_TRACE_HPP

// One finished transaction as the local agent keeps and shows it, from whatever language agent it came.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "timestamp.hpp"

namespace scout::local_agent {

using Duration = std::chrono::nanoseconds;

struct Tag {
  std::string key;
  std::string text;  // a string's characters; anything else as JSON
};

using Tags = std::vector<Tag>;

// The last value of a key, or nullptr.
const std::string* find_tag(const Tags& tags, std::string_view key);

// Sets a key's value: the first place, the last value.
void set_tag(Tags& tags, std::string_view key, std::string text);

struct Span {
  std::string id, parent_id;  // parent_id empty: a root
  std::string operation;      // "SQL/Query"
  Time start, stop;
  bool open = true;
  Tags tags;
  std::size_t depth = 0;  // 0: a root
  Duration exclusive{0};  // own time: duration without the time covered by children

  Duration duration() const { return stop - start; }
  std::string_view kind() const { return std::string_view{operation}.substr(0, operation.find('/')); }
};

struct Trace {
  std::string request_id;
  Time start, stop;
  Tags tags;
  std::vector<Span> spans;  // after finish(): depth first, siblings in the order of their start

  Duration duration() const { return stop - start; }
  std::string endpoint() const;  // the transaction's name: a rename, or the first Controller/ or Job/ span
  bool failed() const;           // the request tag "error"
  std::size_t bytes() const;     // what keeping it costs, roughly

  // The request is over: closes what is open, orders the spans as a tree and computes exclusive times. A parent that
  // was never sent, or a circle of parents, makes a root.
  void finish(Time when);
};

bool is_error(const Span& span);

// The largest group of siblings with the same db.statement; count 0: no span has one.
struct Repetition {
  std::size_t count = 0;
  std::string statement;
};
Repetition most_repeated_statement(const Trace& trace);

}  // namespace scout::local_agent

#endif
