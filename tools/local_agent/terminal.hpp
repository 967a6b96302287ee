#ifndef SCOUT_TOOLS_LOCAL_AGENT_TERMINAL_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_TERMINAL_HPP

// The terminal while the live view has it: alternate screen, no cursor, keys as they are pressed. It is given back as it was by
// the destructor, and by a handler when the process crashes. There is one at a time.

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "listener.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {

class Terminal {
 public:
  // Nothing unless standard input and output are one's own terminal, in the foreground, that understands the sequences.
  static std::optional<Terminal> open();

  Terminal(Terminal&& other) noexcept;
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal();

  int input() const;
  int output() const { return output_.number(); }
  TerminalSize size() const { return terminal_size(output()); }

  // Writes without waiting; what does not fit now is written by flush(). Precondition: nothing is pending.
  void write(std::string bytes);
  void flush();
  bool pending() const { return !unwritten_.empty(); }

  void enter();  // takes the terminal
  void leave();  // gives it back, as for a stop by Ctrl-Z

 private:
  explicit Terminal(Descriptor output) : output_(std::move(output)) {}

  Descriptor output_;  // opened by us, so that it does not wait and others' still do
  std::string unwritten_;
  bool entered_ = false;
};

}  // namespace scout::local_agent

#endif
