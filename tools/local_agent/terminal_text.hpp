#ifndef SCOUT_TOOLS_LOCAL_AGENT_TERMINAL_TEXT_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_TERMINAL_TEXT_HPP

// Text for a terminal: made harmless, measured in columns, cut and padded to fit.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scout::local_agent {

struct Appearance {
  std::size_t width = 100;  // columns
  bool ascii = false;       // nothing but ASCII
};

struct TerminalSize {
  std::size_t width, height;
};
// The terminal's, else COLUMNS and LINES, else 100 by 30.
TerminalSize terminal_size(int descriptor);

// Names and statements come from other programs: control characters, which could steer a terminal, become a replacement,
// white space becomes single blanks; with `ascii` everything else that is not ASCII becomes '?'.
std::string cleaned(std::string_view text, bool ascii);

// At most `most` bytes of a text, whole characters, and how many were left out: "SELECT…[cut 200]".
std::string shortened(std::string_view text, std::size_t most);

// Columns of a cleaned text: most characters take one, East Asian and emoji two, combining ones none.
std::size_t columns(std::string_view text);

// Cut to at most `width` columns, an ellipsis showing the cut.
std::string cut(std::string_view text, std::size_t width, bool ascii);

// Cut or filled with blanks to exactly `width` columns.
std::string left(std::string_view text, std::size_t width, bool ascii);
std::string right(std::string_view text, std::size_t width, bool ascii);

// A whole line: no blanks at its end, cut to the terminal's width, with its line feed.
std::string line(std::string_view text, const Appearance& appearance);

// "1,234,567"
std::string count_text(std::uint64_t count);

// The locale's character set is UTF-8. Asks the environment.
bool locale_is_utf8();

// Three significant digits: "950 ns", "12.3 ms", "1.25 s", "250 s".
std::string duration_text(std::chrono::nanoseconds duration, bool ascii);

}  // namespace scout::local_agent

#endif
