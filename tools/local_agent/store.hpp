#ifndef SCOUT_TOOLS_LOCAL_AGENT_STORE_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_STORE_HPP

// What the local agent remembers: a summary of every endpoint, its slowest trace, and the latest traces of all. All of it
// is bounded; what is thrown away stays in the summaries and is counted.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "trace.hpp"

namespace scout::local_agent {

using KeptTrace = std::shared_ptr<const Trace>;

struct Endpoint {
  Histogram durations;
  Duration total{0};
  std::uint64_t errors = 0;
  std::uint64_t dropped_spans = 0;                     // what agents said they could not record
  std::uint64_t slow_spans = 0;                        // roots not counted
  std::size_t most_repeated = 0;                       // the largest N+1 group of one request
  std::map<std::string, Duration, std::less<>> kinds;  // exclusive time by kind of span, bounded
  KeptTrace slowest;                                   // null once it had to go
};

struct StoreLimits {
  std::size_t traces = 1000;  // the latest; the slowest of each endpoint come on top
  std::size_t trace_bytes = 64 * 1024 * 1024;
  std::size_t endpoints = 1000;  // further ones are counted together under "(other)"
  std::size_t kinds = 20;        // of an endpoint, likewise
};

class Store {
 public:
  using Endpoints = std::map<std::string, Endpoint, std::less<>>;

  explicit Store(StoreLimits limits = {}) : limits_(limits) {}

  void add(Trace trace);

  const Endpoints& endpoints() const { return endpoints_; }
  const std::deque<KeptTrace>& latest() const { return latest_; }  // the latest last

  // received() = shown() + thrown_away(): traces that came, that can be looked at, and that only the summaries know.
  std::uint64_t received() const { return received_; }
  std::uint64_t shown() const { return received_ - thrown_away_; }
  std::uint64_t thrown_away() const { return thrown_away_; }

  // `which`: "latest", "slowest" or a request id; an empty endpoint stands for all. Null: there is none (any more).
  KeptTrace find(std::string_view which, std::string_view endpoint = "") const;

  // What is kept of one endpoint, the latest first, at most `limit`.
  std::vector<KeptTrace> traces_of(std::string_view endpoint, std::size_t limit) const;

 private:
  bool is_latest(const KeptTrace& trace) const { return !latest_.empty() && trace->number >= latest_.front()->number; }
  void make_room();
  void throw_away(const KeptTrace& trace);

  StoreLimits limits_;
  Endpoints endpoints_;
  std::deque<KeptTrace> latest_;
  std::size_t trace_bytes_ = 0;
  std::uint64_t received_ = 0, thrown_away_ = 0;
};

}  // namespace scout::local_agent

#endif
