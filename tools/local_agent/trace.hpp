#ifndef SCOUT_TOOLS_LOCAL_AGENT_TRACE_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_TRACE_HPP

// One finished transaction as the local agent keeps and shows it, from whatever language agent it came.

#include <chrono>
#include <cstddef>
#include <cstdint>
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

// Sets a key's value: the first place, the last value. Beyond `limit` keys a new one is thrown away. Returns by how many bytes
// the tags have grown.
std::ptrdiff_t set_tag(Tags& tags, std::string_view key, std::string text, std::size_t limit);

// Of a back trace, as language agents send it: the tags "stack" (where a span was slow, or ran a statement too often) and
// "error_stack" (where the exception was thrown that a span or a request failed with).
struct Frame {
  std::string file, function;
  long line = 0;  // 0: unknown
};
using Stack = std::vector<Frame>;  // the innermost first

struct Span {
  std::string id, parent_id;  // parent_id empty: a root
  std::string operation;      // "SQL/Query"
  Time start, stop;
  bool open = true;
  Tags tags;
  Stack stack;
  std::size_t depth = 0;     // 0: a root
  Duration exclusive{0};     // own time: duration without the time covered by children
  Stack error_stack;

  Duration duration() const { return stop - start; }
  std::string_view kind() const { return std::string_view{operation}.substr(0, operation.find('/')); }
};

struct Trace {
  std::string request_id;
  Time start, stop;
  Tags tags;
  Stack error_stack;
  std::vector<Span> spans;           // after finish(): depth first, siblings in the order of their start
  std::uint64_t spans_not_kept = 0;  // more than the local agent keeps of one request
  std::string endpoint;              // after finish(): the transaction's name: a rename, or the first Controller/ or Job/ span
  std::uint64_t number = 0;          // of the trace in its store, counted from 1

  Duration duration() const { return stop - start; }
  bool failed() const;                  // the request tag "error"
  std::uint64_t dropped_spans() const;  // what the language agent says that it could not record
  bool reached_span_cap() const;
  std::size_t bytes() const;  // what keeping it costs, roughly

  // The request is over: closes what is open, names it, orders the spans as a tree and computes exclusive times. A parent
  // that was never sent, or a circle of parents, makes a root.
  void finish(Time when);
};

inline constexpr Duration slow_above = std::chrono::milliseconds{500};

bool is_error(const Span& span);

// The innermost frame that is neither the system's nor an installed package's, and the next such one; where all are, the
// innermost alone. Null: there is none.
struct ApplicationFrames {
  const Frame *innermost = nullptr, *caller = nullptr;
};
ApplicationFrames application_frames(const Stack& stack);

}  // namespace scout::local_agent

#endif
