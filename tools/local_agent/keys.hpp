#ifndef SCOUT_TOOLS_LOCAL_AGENT_KEYS_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_KEYS_HPP

// The keys behind what a terminal sends for them.

#include <string_view>
#include <vector>

namespace scout::local_agent {

using Key = int;  // a printable ASCII character stands for itself

namespace key {
inline constexpr Key enter = '\r', escape = 0x1b, backspace = 0x7f;
inline constexpr Key up = 256, down = 257, left = 258, right = 259, page_up = 260, page_down = 261, home = 262, end = 263;
}  // namespace key

// The keys of what one read() returned. An escape that nothing follows is the key; sequences nobody needs are passed over.
std::vector<Key> keys_of(std::string_view bytes);

}  // namespace scout::local_agent

#endif
