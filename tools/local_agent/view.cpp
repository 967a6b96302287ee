#include "view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "waterfall.hpp"

namespace scout::local_agent {
namespace {

constexpr std::size_t most_traces = 500;

constexpr std::string_view help[] = {
    "t  most time in total first",
    "p  slowest first (p95; of one endpoint: the slowest traces)",
    "n  most requests first (of one endpoint: the latest traces)",
    "e  most errors first",
    "a  by name",
    "",
    "up, down, page up, page down, home, end (also k j b space g G)  move",
    "enter  open the endpoint or the trace",
    "q, escape  back; q on the first screen ends the agent, as Ctrl-C does anywhere",
    "?  this help",
    "",
    "N+1 ×5  five or more siblings repeat a statement, whatever its numbers and strings are",
    "slow  a span took more than 500 ms; its place in the source stands below it when it was sent",
    "spans lost  what the language agent could not record, or what is too much to keep",
    "received = shown + thrown away: of the latter only the sums of their endpoint are left",
};

std::optional<Order> order_of(Key pressed) {
  switch (pressed) {
    case 't': return Order::total;
    case 'p': return Order::p95;
    case 'n': return Order::count;
    case 'e': return Order::errors;
    case 'a': return Order::name;
    default: return std::nullopt;
  }
}

std::string_view name_of(Order order) {
  constexpr std::string_view names[] = {"time in total", "p95", "count", "errors", "name"};
  return names[static_cast<std::size_t>(order)];
}

// Moves a position within [0, end).
std::size_t moved(std::size_t position, Key pressed, std::size_t page, std::size_t end) {
  const std::size_t last = end > 0 ? end - 1 : 0;
  switch (pressed) {
    case key::up:
    case 'k': return position > 0 ? position - 1 : 0;
    case key::down:
    case 'j': return std::min(position + 1, last);
    case key::page_up:
    case 'b': return position > page ? position - page : 0;
    case key::page_down:
    case ' ': return std::min(position + page, last);
    case key::home:
    case 'g': return 0;
    case key::end:
    case 'G': return last;
    default: return std::min(position, last);
  }
}

Line plain(std::string text, TerminalSize size, bool ascii) { return {cut(text, size.width, ascii), Line::Style::plain}; }

// Fills up with empty lines, the last one being the keys that matter.
void add_footer(std::vector<Line>& lines, TerminalSize size, std::string text, bool ascii) {
  while (lines.size() + 1 < size.height) lines.emplace_back();
  lines.resize(size.height > 0 ? size.height - 1 : 0);
  lines.push_back(plain(std::move(text), size, ascii));
}

}  // namespace

View::View(std::string address, std::string endpoint) : address_(std::move(address)), endpoint_(std::move(endpoint)) {
  if (!endpoint_.empty()) screen_ = Screen::endpoint;
}

void View::List::move(Key pressed, std::size_t size) { selected = moved(selected, pressed, page, size); }

std::size_t View::List::window(std::size_t size, std::size_t height) {
  page = std::max<std::size_t>(height, 1);
  top = std::min({top, selected, size});
  if (selected >= top + page) top = selected - page + 1;
  return top;
}

void View::refresh(const Desk& desk) {
  if (screen_ == Screen::endpoints) {
    endpoints_ = in_order(desk.store(), order_);
    const auto same = std::find_if(endpoints_.begin(), endpoints_.end(), [&](auto* row) { return row->first == endpoint_; });
    if (same != endpoints_.end() && !endpoint_.empty()) {
      endpoint_list_.selected = static_cast<std::size_t>(same - endpoints_.begin());
    } else {
      endpoint_list_.selected = 0;
    }
  } else if (screen_ == Screen::endpoint) {
    traces_ = desk.store().traces_of(endpoint_, most_traces);
    if (order_ == Order::p95) {
      std::stable_sort(traces_.begin(), traces_.end(), [](auto& a, auto& b) { return a->duration() > b->duration(); });
    } else if (order_ == Order::errors) {
      std::stable_partition(traces_.begin(), traces_.end(), [](auto& trace) { return trace->failed(); });
    }
    const auto same = std::find_if(traces_.begin(), traces_.end(), [&](auto& each) { return each->number == trace_number_; });
    trace_list_.selected = same == traces_.end() ? 0 : static_cast<std::size_t>(same - traces_.begin());
  }
}

bool View::back() {
  if (help_) {
    help_ = false;
  } else if (screen_ == Screen::trace) {
    screen_ = Screen::endpoint;
    trace_ = nullptr;
  } else if (screen_ == Screen::endpoint) {
    screen_ = Screen::endpoints;
  } else {
    return false;
  }
  return true;
}

void View::open() {
  if (screen_ == Screen::endpoints && !endpoints_.empty()) {
    endpoint_ = endpoints_[endpoint_list_.selected]->first;
    screen_ = Screen::endpoint;
    trace_number_ = 0;
  } else if (screen_ == Screen::endpoint && !traces_.empty()) {
    trace_ = traces_[trace_list_.selected];
    trace_number_ = trace_->number;
    screen_ = Screen::trace;
    scrolled_ = 0;
  }
}

bool View::press(Key pressed, const Desk& desk) {
  if (pressed == 'q') return back();
  if (pressed == key::escape || pressed == key::backspace || pressed == key::left) return back(), true;
  if (pressed == '?') help_ = !help_;
  if (help_ || pressed == '?') return true;
  if (const auto order = order_of(pressed)) order_ = *order;
  refresh(desk);
  if (pressed == key::enter || pressed == key::right) {
    open();
  } else if (screen_ == Screen::endpoints) {
    const std::size_t before = endpoint_list_.selected;
    endpoint_list_.move(pressed, endpoints_.size());
    if (endpoint_list_.selected != before) endpoint_ = endpoints_[endpoint_list_.selected]->first;
  } else if (screen_ == Screen::endpoint) {
    const std::size_t before = trace_list_.selected;
    trace_list_.move(pressed, traces_.size());
    if (trace_list_.selected != before) trace_number_ = traces_[trace_list_.selected]->number;
  } else {
    scrolled_ = moved(scrolled_, pressed, page_, last_scroll_ + 1);
  }
  return true;
}

std::vector<Line> View::draw(const Desk& desk, TerminalSize size, bool ascii) {
  refresh(desk);
  if (help_) {
    std::vector<Line> lines{{cut("Keys", size.width, ascii), Line::Style::strong}};
    for (const std::string_view text : help) lines.push_back(plain(ascii ? cleaned(text, true) : std::string{text}, size, ascii));
    add_footer(lines, size, "q back", ascii);
    return lines;
  }
  if (screen_ == Screen::endpoints) return endpoints_screen(desk, size, ascii);
  return screen_ == Screen::endpoint ? endpoint_screen(desk, size, ascii) : trace_screen(size, ascii);
}

namespace {

// Appends a table's heading and `size.height` of its rows, the selected one among them.
template <class List, class Rows, class Draw>
void add_rows(std::vector<Line>& lines, List& list, const Rows& rows, TerminalSize size, bool ascii, Draw draw) {
  const std::size_t height = size.height;
  const std::size_t top = list.window(rows.size(), height);
  const auto first = rows.begin() + static_cast<std::ptrdiff_t>(top);
  const Rows in_view(first, first + static_cast<std::ptrdiff_t>(std::min(height, rows.size() - top)));
  const std::vector<std::string> texts = draw(in_view);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool selected = i > 0 && top + i - 1 == list.selected;
    const Line::Style style = i == 0 ? Line::Style::strong : selected ? Line::Style::selected : Line::Style::plain;
    lines.push_back({cut((selected ? "> " : "  ") + texts[i], size.width, ascii), style});
  }
}

std::size_t rows_left(TerminalSize size, std::size_t taken) { return size.height > taken ? size.height - taken : 1; }

}  // namespace

std::vector<Line> View::endpoints_screen(const Desk& desk, TerminalSize size, bool ascii) {
  const Store& store = desk.store();
  const Account& account = desk.account();
  std::vector<Line> lines;
  lines.push_back(
      {cut(fmt::format("scout-local-agent  {}  {} connected", address_, account.live), size.width, ascii), Line::Style::strong});
  std::string traffic = fmt::format("{} received, {} shown, {} thrown away", count_text(store.received()),
                                    count_text(store.shown()), count_text(store.thrown_away()));
  const std::pair<std::uint64_t, std::string_view> troubles[] = {{desk.requests().ignored, "ignored"},
                                                                 {desk.requests().given_up, "never finished"},
                                                                 {account.refused, "messages refused"},
                                                                 {account.bad_frames, "broken connections"},
                                                                 {account.timed_out, "timed out"}};
  for (const auto& [count, what] : troubles) {
    if (count > 0) traffic += fmt::format(", {} {}", count_text(count), what);
  }
  lines.push_back(plain(std::move(traffic), size, ascii));
  lines.emplace_back();
  std::vector<std::string> processes = process_lines(desk.processes(), {size.width, ascii});
  constexpr std::size_t most_processes = 3;
  if (processes.size() > most_processes) processes.erase(processes.begin(), processes.end() - most_processes);
  if (endpoints_.empty()) {
    lines.push_back(plain("No transaction yet.", size, ascii));
  } else {
    add_rows(lines, endpoint_list_, endpoints_, {size.width, rows_left(size, lines.size() + 2 + processes.size())}, ascii,
             [&](const auto& rows) {
               return endpoint_lines(rows, {size.width > 2 ? size.width - 2 : 1, ascii});
             });
  }
  while (lines.size() + processes.size() + 1 < size.height) lines.emplace_back();
  for (std::string& process : processes) lines.push_back(plain(std::move(process), size, ascii));
  add_footer(lines, size, fmt::format("by {}   t p n e a sort   enter open   ? help   q quit", name_of(order_)), ascii);
  return lines;
}

std::vector<Line> View::endpoint_screen(const Desk& desk, TerminalSize size, bool ascii) {
  std::vector<Line> lines{{cut(cleaned(endpoint_, ascii), size.width, ascii), Line::Style::strong}};
  if (const auto found = desk.store().endpoints().find(endpoint_); found != desk.store().endpoints().end()) {
    const Endpoint& endpoint = found->second;
    const auto percentile = [&](double percent) { return duration_text(endpoint.durations.percentile(percent), ascii); };
    lines.push_back(plain(fmt::format("{} requests, {} errors, p50 {}, p95 {}, p99 {}", count_text(endpoint.durations.count()),
                                      count_text(endpoint.errors), percentile(50), percentile(95), percentile(99)),
                          size, ascii));
  } else {
    lines.push_back(plain("No transaction yet.", size, ascii));
  }
  lines.emplace_back();
  add_rows(lines, trace_list_, traces_, {size.width, rows_left(size, lines.size() + 2)}, ascii, [&](const auto& rows) {
    return trace_lines(rows, {size.width > 2 ? size.width - 2 : 1, ascii});
  });
  const std::string_view order = order_ == Order::p95      ? "slowest first"
                                 : order_ == Order::errors ? "errors first"
                                                           : "latest first";
  add_footer(lines, size, fmt::format("{}   n p e sort   enter open   ? help   q back", order), ascii);
  return lines;
}

std::vector<Line> View::trace_screen(TerminalSize size, bool ascii) {
  const std::string text = waterfall(*trace_, {size.width, ascii});
  std::vector<Line> all;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    all.push_back({text.substr(begin, end - begin), all.empty() ? Line::Style::strong : Line::Style::plain});
    begin = end + 1;
  }
  page_ = rows_left(size, 1);
  last_scroll_ = all.size() > page_ ? all.size() - page_ : 0;
  scrolled_ = std::min(scrolled_, last_scroll_);
  const std::size_t shown = std::min(page_, all.size() - scrolled_);
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(scrolled_);
  std::vector<Line> lines(first, first + static_cast<std::ptrdiff_t>(shown));
  add_footer(lines, size,
             shown == all.size()
                 ? "? help   q back"
                 : fmt::format("lines {} to {} of {}   ? help   q back", scrolled_ + 1, scrolled_ + shown, all.size()),
             ascii);
  return lines;
}

std::string frame_bytes(const std::vector<Line>& lines, TerminalSize size) {
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < lines.size() && i < size.height; ++i) {
    const Line& line = lines[i];
    if (i > 0) out += "\r\n";
    if (line.style == Line::Style::strong) out += "\x1b[1m";
    if (line.style == Line::Style::selected) out += "\x1b[7m";
    out += line.text;
    if (line.style != Line::Style::plain) out += "\x1b[m";
    // In the last column it would take the character there.
    if (columns(line.text) < size.width) out += "\x1b[K";
  }
  return out + "\x1b[H";
}

}  // namespace scout::local_agent
