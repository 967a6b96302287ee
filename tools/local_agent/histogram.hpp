#ifndef SCOUT_TOOLS_LOCAL_AGENT_HISTOGRAM_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_HISTOGRAM_HPP

// Durations counted in buckets that grow with their value, so that a percentile is right within 1.6 % and memory is fixed.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace scout::local_agent {

class Histogram {
 public:
  void add(std::chrono::nanoseconds duration) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
    const std::size_t bucket = bucket_of(value);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    smallest_ = count_ == 0 ? value : std::min(smallest_, value);
    largest_ = std::max(largest_, value);
    ++count_;
  }

  std::uint64_t count() const { return count_; }

  // The smallest duration that `percent` of all do not exceed (nearest rank); zero when there are none.
  std::chrono::nanoseconds percentile(double percent) const {
    const auto rank =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= rank) return std::chrono::nanoseconds{std::clamp(middle_of(bucket), smallest_, largest_)};
    }
    return std::chrono::nanoseconds{0};
  }

 private:
  static constexpr int precision = 5;  // 2^5 buckets between a power of two and the next
  static constexpr std::uint64_t per_octave = 1u << precision;

  static std::size_t bucket_of(std::uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - precision - 1);
    return static_cast<std::size_t>(static_cast<std::uint64_t>(shift) * per_octave + (value >> shift));
  }
  static std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < 2 * per_octave) return bucket;
    const auto shift = bucket / per_octave - 1;
    return ((bucket - shift * per_octave) << shift) + (1ull << shift >> 1);
  }

  std::vector<std::uint32_t> counts_;
  std::uint64_t count_ = 0, smallest_ = 0, largest_ = 0;
};

}  // namespace scout::local_agent

#endif
