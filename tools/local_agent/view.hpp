#ifndef SCOUT_TOOLS_LOCAL_AGENT_VIEW_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_VIEW_HPP

// The live view without a terminal: keys go in, lines come out. Three screens: all endpoints, the traces of one, one trace.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "keys.hpp"
#include "report.hpp"
#include "session.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {

struct Line {
  enum class Style { plain, strong, selected };

  std::string text;
  Style style = Style::plain;
};

class View {
 public:
  // `address`: where the agent listens. With an endpoint its screen is the first one.
  explicit View(std::string address, std::string endpoint = "");

  // False: the user wants to end.
  bool press(Key pressed, const Desk& desk);

  // As many lines as the terminal has.
  std::vector<Line> draw(const Desk& desk, TerminalSize size, bool ascii);

 private:
  enum class Screen { endpoints, endpoint, trace };

  // A list of which one row is selected; remembers which rows were in view.
  struct List {
    void move(Key pressed, std::size_t size);
    std::size_t window(std::size_t size, std::size_t height);  // the first row in view

    std::size_t selected = 0, top = 0, page = 10;
  };

  bool back();
  void open();
  void refresh(const Desk& desk);  // the rows, with the same one selected
  std::vector<Line> endpoints_screen(const Desk& desk, TerminalSize size, bool ascii);
  std::vector<Line> endpoint_screen(const Desk& desk, TerminalSize size, bool ascii);
  std::vector<Line> trace_screen(TerminalSize size, bool ascii);

  std::string address_;
  Screen screen_ = Screen::endpoints;
  bool help_ = false;
  Order order_ = Order::total;
  std::vector<const EndpointRow*> endpoints_;
  std::vector<KeptTrace> traces_;
  std::string endpoint_;            // selected or open
  std::uint64_t trace_number_ = 0;  // selected
  KeptTrace trace_;                 // open: stays even when the store throws it away
  List endpoint_list_, trace_list_;
  std::size_t scrolled_ = 0, last_scroll_ = 0, page_ = 10;  // of the open trace
};

// The bytes that draw all lines of a terminal over those of before. Only when all are drawn, the cursor is at the top left.
std::string frame_bytes(const std::vector<Line>& lines, TerminalSize size);

}  // namespace scout::local_agent

#endif
