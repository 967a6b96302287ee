#ifndef SCOUT_COLLECT_DELIVERY_WATCH_HPP
#define SCOUT_COLLECT_DELIVERY_WATCH_HPP

// Notices that nothing arrives, so that one warning can say why. Owned by the collector, one watch for each installation.

#include <chrono>
#include <cstdint>
#include <optional>

namespace scout::inline v0::detail {

class DeliveryWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds patience{10};  // as long as an answer of the core agent may take

  // `delivered` is the account of all deliveries so far.
  explicit DeliveryWatch(std::uint64_t delivered) noexcept : delivered_(delivered) {}

  // A transaction goes to the sink; the first begins the watch.
  void handed_over(TimePoint now) noexcept {
    if (!since_) since_ = now;
  }
  bool has_begun() const noexcept { return since_.has_value(); }

  // True once: the first was handed over long ago, and none has been delivered.
  bool overdue(TimePoint now, std::uint64_t delivered) noexcept {
    if (done_ || !since_) return false;
    if (delivered == delivered_ && now - *since_ < patience) return false;
    done_ = true;
    return delivered == delivered_;
  }

 private:
  std::uint64_t delivered_;
  std::optional<TimePoint> since_;
  bool done_ = false;
};

}  // namespace scout::inline v0::detail

#endif
