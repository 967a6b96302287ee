#ifndef SCOUT_CORE_ERROR_HPP
#define SCOUT_CORE_ERROR_HPP

// What went wrong, as a value: nothing of scout throws.

#include <string>

namespace scout::inline v0 {

// What kind of failure it is, where that makes a difference to the caller.
enum class ErrorCode {
  invalid_argument,  // a value that cannot be used: an address, a configuration value
  unreachable,       // nobody listens there, or the name cannot be resolved
  timed_out,         // the deadline passed first
  closed,            // the peer closed the connection or it broke
  protocol,          // the peer sent what the protocol does not allow
  refused,           // the peer answered, but did not accept
  buffer_full,       // no room, now or for something that large
  encode,            // a value that cannot be written
  file,              // a file cannot be opened or written
};

struct Error {
  ErrorCode code;       // for the program
  std::string message;  // for a person; names the value, address or file
};

}  // namespace scout::inline v0

#endif
