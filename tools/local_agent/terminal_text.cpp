#include "terminal_text.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace scout::local_agent {
namespace {

struct Range {
  char32_t first, last;
};

constexpr Range invisible[] = {{0x300, 0x36f}, {0x200b, 0x200d}, {0x2060, 0x2064}, {0xfe00, 0xfe0f}, {0xe0100, 0xe01ef}};
constexpr Range wide[] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                          {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
// Control characters and those that reorder the line around them.
constexpr Range dangerous[] = {{0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};

template <std::size_t N>
constexpr bool within(char32_t c, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [c](Range range) { return range.first <= c && c <= range.last; });
}

// The first character of a text, which loses it; U+FFFD for a byte that is no UTF-8.
char32_t next_character(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
  char32_t c = size == 1 ? lead : lead & (0x7fu >> size);
  bool valid = size != 0 && size <= text.size();
  for (std::size_t i = 1; valid && i < size; ++i) {
    valid = byte(i) >> 6 == 2;
    c = c << 6 | (byte(i) & 0x3f);
  }
  text.remove_prefix(valid ? size : 1);
  return valid ? c : U'\ufffd';
}

std::size_t columns_of(char32_t c) { return within(c, invisible) ? 0 : within(c, wide) ? 2 : 1; }

}  // namespace

TerminalSize terminal_size(int descriptor) {
  winsize size{};
  ::ioctl(descriptor, TIOCGWINSZ, &size);
  const auto choose = [](unsigned short told, const char* name, std::size_t otherwise) -> std::size_t {
    if (told > 0) return told;
    const char* variable = std::getenv(name);
    const long value = variable ? std::strtol(variable, nullptr, 10) : 0;
    return value > 0 && value < 10000 ? static_cast<std::size_t>(value) : otherwise;
  };
  return {choose(size.ws_col, "COLUMNS", 100), choose(size.ws_row, "LINES", 30)};
}

bool locale_is_utf8() {
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", locale_t{});
  if (locale == locale_t{}) return false;
  const std::string_view charset = ::nl_langinfo_l(CODESET, locale);
  const bool is_utf8 = charset == "UTF-8" || charset == "utf8";
  ::freelocale(locale);
  return is_utf8;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string{text};
  std::size_t kept = most;
  while (kept > 0 && (text[kept] & '\xc0') == '\x80') --kept;
  return fmt::format("{}…[cut {}]", text.substr(0, kept), text.size() - kept);
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string cleaned(std::string_view text, bool ascii) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = next_character(text);
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (c == U'\ufffd' || within(c, dangerous)) {
      out += ascii ? "?" : "\ufffd";
    } else if (ascii && c >= 0x80) {
      out += '?';
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t sum = 0;
  while (!text.empty()) sum += columns_of(next_character(text));
  return sum;
}

std::string cut(std::string_view text, std::size_t width, bool ascii) {
  if (columns(text) <= width) return std::string{text};
  const std::string_view ellipsis = ascii ? "..." : "…";
  const std::size_t reserved = ascii ? 3 : 1;
  if (width <= reserved) return std::string(ellipsis.substr(0, width == reserved ? ellipsis.size() : 0));
  std::string_view rest = text;
  for (std::size_t used = 0; !rest.empty();) {
    std::string_view after = rest;
    used += columns_of(next_character(after));
    if (used > width - reserved) break;
    rest = after;
  }
  return std::string{text.substr(0, text.size() - rest.size())} + std::string{ellipsis};
}

std::string left(std::string_view text, std::size_t width, bool ascii) {
  std::string out = cut(text, width, ascii);
  return out.append(width - columns(out), ' ');
}

std::string right(std::string_view text, std::size_t width, bool ascii) {
  const std::string fitted = cut(text, width, ascii);
  return std::string(width - columns(fitted), ' ') + fitted;
}

std::string line(std::string_view text, const Appearance& appearance) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return cut(text, appearance.width, appearance.ascii) + '\n';
}

std::string duration_text(std::chrono::nanoseconds duration, bool ascii) {
  const char* units[] = {"ns", ascii ? "us" : "µs", "ms", "s"};
  auto value = static_cast<double>(duration.count());
  std::size_t unit = 0;
  for (; unit < 3 && value >= 999.5; ++unit) value /= 1000;
  const int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, decimals, units[unit]);
}

}  // namespace scout::local_agent
