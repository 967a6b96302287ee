#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "repetition.hpp"

namespace scout::local_agent {
namespace {

constexpr std::size_t narrowest_name = 16;

// A column of numbers; a table narrower than `from` columns goes without it.
struct Column {
  std::string_view title;
  std::size_t width, from;
};

// Lays out rows of a name, numbers and a remark.
template <std::size_t N>
class Table {
 public:
  Table(const Column (&columns)[N], std::size_t name_width, const Appearance& appearance)
      : columns_(columns), appearance_(appearance) {
    std::size_t numbers = 3;
    for (const Column& column : columns_) numbers += shows(column) ? column.width : 0;
    const std::size_t room = appearance.width > numbers + narrowest_name ? appearance.width - numbers : narrowest_name;
    name_width_ = std::clamp(std::max(appearance.width * 2 / 5, std::min<std::size_t>(room, 28)), narrowest_name,
                             std::max(narrowest_name, name_width));
  }

  std::string heading(std::string_view name, std::string_view rest) const {
    std::array<std::string, N> titles;
    for (std::size_t i = 0; i < N; ++i) titles[i] = columns_[i].title;
    return row(name, titles, rest);
  }
  std::string row(std::string_view name, const std::array<std::string, N>& numbers, std::string_view rest) const {
    const bool ascii = appearance_.ascii;
    std::string text = left(name, name_width_, ascii);
    for (std::size_t i = 0; i < N; ++i) {
      if (shows(columns_[i])) text += right(numbers[i], columns_[i].width, ascii);
    }
    std::string whole = line(text.append("   ").append(rest), appearance_);
    whole.pop_back();
    return whole;
  }

 private:
  bool shows(const Column& column) const { return appearance_.width >= column.from; }

  const Column (&columns_)[N];
  const Appearance& appearance_;
  std::size_t name_width_;
};

std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text.append(text.empty() ? "" : "  ").append(part);
  }
  return text;
}

std::string n_plus_one_text(std::size_t count, bool ascii) {
  return count < n_plus_one_from ? "" : fmt::format("N+1 {}{}", ascii ? "x" : "×", count);
}

std::string counted(std::uint64_t count, std::string_view what) {
  return count == 0 ? "" : fmt::format("{} {}", count_text(count), what);
}

// "SQL 83%  Custom 12%": the kinds by share of the time, those below half a percent left out.
std::string time_by_kind(const Endpoint& endpoint, bool ascii) {
  Duration total{0};
  std::vector<std::pair<Duration, std::string_view>> kinds;
  for (const auto& [kind, duration] : endpoint.kinds) {
    total += duration;
    kinds.emplace_back(duration, kind);
  }
  std::sort(kinds.rbegin(), kinds.rend());
  std::string text;
  for (const auto& [duration, kind] : kinds) {
    const double share =
        total.count() > 0 ? 100.0 * static_cast<double>(duration.count()) / static_cast<double>(total.count()) : 0;
    if (share >= 0.5) text += fmt::format("{}{} {:.0f}%", text.empty() ? "" : "  ", cleaned(kind, ascii), share);
  }
  return text;
}

std::string time_of_day(Time time) {
  using namespace std::chrono;
  const auto clock = hh_mm_ss{floor<milliseconds>(time - floor<days>(time))};
  return fmt::format("{:02}:{:02}:{:02}.{:03}", clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace

std::vector<const EndpointRow*> in_order(const Store& store, Order order, std::string_view only) {
  std::vector<const EndpointRow*> rows;
  for (const auto& row : store.endpoints()) {
    if (only.empty() || row.first == only) rows.push_back(&row);
  }
  if (order == Order::name) return rows;  // as the store has them
  std::vector<std::pair<std::int64_t, const EndpointRow*>> ranked;
  for (const EndpointRow* row : rows) {
    const Endpoint& endpoint = row->second;
    const std::int64_t rank = order == Order::total    ? endpoint.total.count()
                              : order == Order::p95    ? endpoint.durations.percentile(95).count()
                              : order == Order::errors ? static_cast<std::int64_t>(endpoint.errors)
                                                       : static_cast<std::int64_t>(endpoint.durations.count());
    ranked.emplace_back(rank, row);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = ranked[i].second;
  return rows;
}

std::vector<std::string> endpoint_lines(const std::vector<const EndpointRow*>& rows, const Appearance& appearance) {
  static constexpr Column columns_shown[] = {{"Count", 8, 0}, {"Errors", 7, 56}, {"p50", 9, 76},
                                             {"p95", 9, 0},   {"p99", 9, 84},    {"Total", 9, 66}};
  const bool ascii = appearance.ascii;
  std::size_t longest = narrowest_name;
  for (const EndpointRow* row : rows) longest = std::max(longest, columns(cleaned(row->first, ascii)));
  const Table table{columns_shown, longest, appearance};
  std::vector<std::string> lines{table.heading("Endpoint", "Time by kind")};
  for (const EndpointRow* row : rows) {
    const Endpoint& endpoint = row->second;
    const auto percentile = [&](double percent) { return duration_text(endpoint.durations.percentile(percent), ascii); };
    lines.push_back(table.row(cleaned(row->first, ascii),
                              {count_text(endpoint.durations.count()), count_text(endpoint.errors), percentile(50),
                               percentile(95), percentile(99), duration_text(endpoint.total, ascii)},
                              joined({n_plus_one_text(endpoint.most_repeated, ascii), counted(endpoint.slow_spans, "slow"),
                                      counted(endpoint.dropped_spans, "spans lost"), time_by_kind(endpoint, ascii)})));
  }
  return lines;
}

std::vector<std::string> trace_lines(const std::vector<KeptTrace>& traces, const Appearance& appearance) {
  static constexpr Column columns_shown[] = {{"Duration", 10, 0}, {"Spans", 7, 50}};
  const bool ascii = appearance.ascii;
  const Table table{columns_shown, 12, appearance};
  std::vector<std::string> lines{table.heading("Time (UTC)", "Remarks")};
  for (const KeptTrace& trace : traces) {
    const std::string* path = find_tag(trace->tags, "path");
    lines.push_back(
        table.row(time_of_day(trace->start), {duration_text(trace->duration(), ascii), count_text(trace->spans.size())},
                  joined({remarks(*trace, ascii), path ? cleaned(*path, ascii) : cleaned(trace->request_id, ascii)})));
  }
  return lines;
}

std::string endpoint_table(const Store& store, const Appearance& appearance, std::string_view only) {
  const std::vector<const EndpointRow*> rows = in_order(store, Order::total, only);
  if (rows.empty()) return only.empty() ? "No transaction yet.\n" : fmt::format("No transaction of {}.\n", only);
  std::string out;
  for (const std::string& each : endpoint_lines(rows, appearance)) out += each + '\n';
  return out;
}

std::string remarks(const Trace& trace, bool ascii) {
  std::size_t most_repeated = 0;
  for (const Repetition& repetition : repetitions(trace)) most_repeated = std::max(most_repeated, repetition.count());
  const auto slow = std::count_if(trace.spans.begin(), trace.spans.end(),
                                  [](const Span& span) { return span.depth > 0 && span.duration() > slow_above; });
  return joined(
      {trace.failed() ? "ERROR" : "", n_plus_one_text(most_repeated, ascii), counted(static_cast<std::uint64_t>(slow), "slow"),
       counted(trace.dropped_spans() + trace.spans_not_kept, "spans lost"), trace.reached_span_cap() ? "span cap reached" : ""});
}

std::string transaction_line(const Trace& trace, const Appearance& appearance) {
  return line(joined({time_of_day(trace.start), cleaned(trace.endpoint, appearance.ascii),
                      duration_text(trace.duration(), appearance.ascii), remarks(trace, appearance.ascii)}),
              appearance);
}

std::vector<std::string> process_lines(const Processes& processes, const Appearance& appearance) {
  std::vector<std::string> lines;
  for (const Process& process : processes.all()) {
    std::string text =
        joined({cleaned(process.source, appearance.ascii), process.cpu ? fmt::format("CPU {:.1f} %", *process.cpu) : "",
                process.memory ? fmt::format("{:.1f} MiB", *process.memory) : ""});
    lines.push_back(cut(text, appearance.width, appearance.ascii));
  }
  return lines;
}

std::string account_text(const Desk& desk, const Appearance& appearance) {
  const Store& store = desk.store();
  const RequestAccount& requests = desk.requests();
  const Account& account = desk.account();
  std::string text = line(fmt::format("{} transactions received, {} shown, {} thrown away", count_text(store.received()),
                                      count_text(store.shown()), count_text(store.thrown_away())),
                          appearance);
  const auto add = [&](const std::string& what) {
    if (!what.empty()) text += line("  " + what, appearance);
  };
  add(counted(requests.ignored, "ignored, as the application asked"));
  add(counted(requests.given_up, "never finished"));
  add(counted(desk.open_requests(), "not finished yet"));
  add(counted(requests.astray, "commands for requests that were not open"));
  text += line(fmt::format("{} connections, {} messages, {} refused, {} broken connections, {} timed out",
                           count_text(account.connections), count_text(account.messages), count_text(account.refused),
                           count_text(account.bad_frames), count_text(account.timed_out)),
               appearance);
  for (const auto& [complaint, count] : account.complaints) add(fmt::format("refused ({}): {}", count, complaint));
  for (const std::string& process : process_lines(desk.processes(), appearance)) text += process + '\n';
  return text;
}

}  // namespace scout::local_agent
