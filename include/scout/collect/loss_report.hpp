#ifndef SCOUT_COLLECT_LOSS_REPORT_HPP
#define SCOUT_COLLECT_LOSS_REPORT_HPP

// What was lost, as text for the log: while the program runs at most once a minute, and then what is new; all of it at exit.

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../log/log.hpp"
#include "stats.hpp"

namespace scout::inline v0::detail {

struct Losses {
  Drops transactions, spans;
  std::uint64_t tags = 0;

  // What was open in the parent of a forked process is the parent's.
  static Losses of(const Stats& stats) noexcept {
    Losses losses{stats.transactions.dropped, stats.spans.dropped, stats.dropped_tags};
    losses.transactions[Reason::forked] = losses.spans[Reason::forked] = 0;
    return losses;
  }
  std::uint64_t total() const noexcept { return transactions.total() + spans.total() + tags; }
  Losses since(const Losses& earlier) const noexcept {
    Losses news = *this;
    for (std::size_t i = 0; i < reason_count; ++i) {
      news.transactions.counts[i] -= earlier.transactions.counts[i];
      news.spans.counts[i] -= earlier.spans.counts[i];
    }
    news.tags -= earlier.tags;
    return news;
  }
  // "2 transactions (2 buffer_full), 958 spans (958 ring_full), 1 tags"
  std::string text() const {
    std::string text;
    const auto add = [&text](std::uint64_t count, std::string_view what, const std::string& reasons) {
      if (count != 0) text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, what, reasons);
    };
    add(transactions.total(), "transactions", " (" + reasons_text(transactions) + ")");
    add(spans.total(), "spans", " (" + reasons_text(spans) + ")");
    add(tags, "tags", "");
    return text;
  }
};

class LossReport {
 public:
  using TimePoint = OncePerMinute::TimePoint;

  // Whether to look: at most once a second, as summing the account up takes a while.
  bool due(TimePoint now) noexcept {
    if (now < next_look_) return false;
    next_look_ = now + std::chrono::seconds(1);
    return true;
  }

  // What was lost since it last told anything; empty: nothing, or that was less than a minute ago.
  std::string news(const Stats& stats, TimePoint now) {
    const Losses losses = Losses::of(stats);
    if (losses.total() == told_.total() || !minute_.due(now)) return {};
    std::string text = losses.since(told_).text();
    told_ = losses;
    return text;
  }

 private:
  TimePoint next_look_{};
  OncePerMinute minute_;
  Losses told_;
};

}  // namespace scout::inline v0::detail

#endif
