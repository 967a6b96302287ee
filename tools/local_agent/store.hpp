#ifndef SCOUT_TOOLS_LOCAL_AGENT_STORE_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_STORE_HPP

// What the local agent remembers: a summary of every endpoint and the latest traces, both bounded.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "histogram.hpp"
#include "trace.hpp"

namespace scout::local_agent {

struct Endpoint {
  Histogram durations;
  std::uint64_t errors = 0;
  std::uint64_t dropped_spans = 0;                     // what agents said they could not record
  Repetition most_repeated;                            // in one request
  std::map<std::string, Duration, std::less<>> kinds;  // exclusive time by kind of span, bounded
  std::shared_ptr<const Trace> slowest;                // null once it had to go
};

struct StoreLimits {
  std::size_t traces = 1000;
  std::size_t trace_bytes = 64 * 1024 * 1024;
  std::size_t endpoints = 1000;  // further ones are counted together under "(other)"
  std::size_t kinds = 20;        // of an endpoint, likewise
};

class Store {
 public:
  explicit Store(StoreLimits limits = {}) : limits_(limits) {}

  void add(Trace trace);

  const std::map<std::string, Endpoint, std::less<>>& endpoints() const { return endpoints_; }
  const std::deque<std::shared_ptr<const Trace>>& traces() const { return traces_; }  // the latest last
  Duration total_time() const { return total_time_; }

  // `which`: "latest", "slowest" or a request id; an empty endpoint stands for all. Null: there is none (any more).
  std::shared_ptr<const Trace> find(std::string_view which, std::string_view endpoint = "") const;

 private:
  // Over a limit the oldest trace goes, an endpoint's slowest only when there are no others.
  void make_room();

  StoreLimits limits_;
  std::map<std::string, Endpoint, std::less<>> endpoints_;
  std::deque<std::shared_ptr<const Trace>> traces_;
  std::size_t trace_bytes_ = 0;
  Duration total_time_{0};
};

}  // namespace scout::local_agent

#endif
