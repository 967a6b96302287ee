#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace scout::local_agent {
namespace {

constexpr std::size_t narrowest_name = 16;

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

std::string remarks(const Endpoint& endpoint, bool ascii) {
  std::string text;
  if (endpoint.most_repeated.count >= 5) text += fmt::format("N+1 {}{}  ", ascii ? "x" : "×", endpoint.most_repeated.count);
  if (endpoint.dropped_spans > 0) text += fmt::format("{} spans lost  ", endpoint.dropped_spans);
  return text;
}

}  // namespace

std::string endpoint_table(const Store& store, const Appearance& appearance) {
  if (store.endpoints().empty()) return "No transaction yet.\n";
  const bool ascii = appearance.ascii;
  std::vector<const std::pair<const std::string, Endpoint>*> rows;
  std::size_t longest_name = narrowest_name;
  for (const auto& row : store.endpoints()) {
    rows.push_back(&row);
    longest_name = std::max(longest_name, columns(cleaned(row.first, ascii)));
  }
  const auto total_time = [](const Endpoint& endpoint) {
    Duration sum{0};
    for (const auto& [kind, duration] : endpoint.kinds) sum += duration;
    return sum;
  };
  std::sort(rows.begin(), rows.end(), [&](auto* a, auto* b) { return total_time(a->second) > total_time(b->second); });

  const std::size_t name_width = std::clamp(appearance.width * 2 / 5, narrowest_name, longest_name);
  std::string out;
  const auto add_line = [&](std::string_view name, const std::array<std::string, 5>& numbers, std::string_view rest) {
    std::string text = left(name, name_width, ascii);
    constexpr std::size_t widths[] = {7, 7, 9, 9, 9};
    for (std::size_t i = 0; i < numbers.size(); ++i) text += right(numbers[i], widths[i], ascii);
    out += line(text.append("   ").append(rest), appearance);
  };
  add_line("Endpoint", {"Count", "Errors", "p50", "p95", "p99"}, "Time by kind");
  for (const auto* row : rows) {
    const auto& [name, endpoint] = *row;
    const Histogram& durations = endpoint.durations;
    const auto percentile = [&](double percent) { return duration_text(durations.percentile(percent), ascii); };
    add_line(cleaned(name, ascii),
             {std::to_string(durations.count()), std::to_string(endpoint.errors), percentile(50), percentile(95), percentile(99)},
             remarks(endpoint, ascii) + time_by_kind(endpoint, ascii));
  }
  return out;
}

}  // namespace scout::local_agent
