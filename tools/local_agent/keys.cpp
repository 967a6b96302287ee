#include "keys.hpp"

#include <cstddef>
#include <iterator>

namespace scout::local_agent {
namespace {

struct Sequence {
  std::string_view bytes;  // behind "ESC [" or "ESC O"
  Key key;
};

constexpr Sequence sequences[] = {
    {"A", key::up},   {"B", key::down}, {"C", key::right}, {"D", key::left}, {"5~", key::page_up}, {"6~", key::page_down},
    {"H", key::home}, {"F", key::end},  {"1~", key::home}, {"4~", key::end}, {"7~", key::home},    {"8~", key::end},
};

// The length of a control sequence's parameters and its last byte.
std::size_t sequence_length(std::string_view bytes) {
  std::size_t size = 0;
  while (size < bytes.size() && (bytes[size] < '@' || bytes[size] > '~')) ++size;
  return size < bytes.size() ? size + 1 : size;
}

}  // namespace

std::vector<Key> keys_of(std::string_view bytes) {
  std::vector<Key> keys;
  while (!bytes.empty()) {
    const char first = bytes[0];
    bytes.remove_prefix(1);
    if (first == key::escape && !bytes.empty() && (bytes[0] == '[' || bytes[0] == 'O')) {
      const std::string_view sequence = bytes.substr(1, sequence_length(bytes.substr(1)));
      bytes.remove_prefix(1 + sequence.size());
      for (const Sequence& known : sequences) {
        if (known.bytes == sequence) keys.push_back(known.key);
      }
    } else if (first == '\n' || first == '\r') {
      keys.push_back(key::enter);
    } else if (first == '\b') {
      keys.push_back(key::backspace);
    } else if (first > 0) {
      keys.push_back(first);
    }
  }
  return keys;
}

}  // namespace scout::local_agent
