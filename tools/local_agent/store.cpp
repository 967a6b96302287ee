#include "store.hpp"

#include <algorithm>
#include <utility>

#include "repetition.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {
namespace {

constexpr std::string_view others = "(other)";

// The entry for a name, or for "(other)" when there are too many names.
template <class Map>
auto& entry(Map& map, std::string_view name, std::size_t limit) {
  if (const auto found = map.find(name); found != map.end()) return found->second;
  return map[std::string{map.size() < limit ? name : others}];
}

}  // namespace

void Store::add(Trace finished) {
  finished.number = ++received_;
  finished.endpoint = shortened(finished.endpoint, 200);
  if (!endpoints_.contains(finished.endpoint) && endpoints_.size() >= limits_.endpoints) finished.endpoint = others;
  const auto trace = std::make_shared<const Trace>(std::move(finished));
  Endpoint& endpoint = endpoints_[trace->endpoint];
  endpoint.durations.add(trace->duration());
  endpoint.total += trace->duration();
  endpoint.errors += trace->failed();
  endpoint.dropped_spans += trace->dropped_spans() + trace->spans_not_kept;
  for (const Repetition& repetition : repetitions(*trace)) {
    endpoint.most_repeated = std::max(endpoint.most_repeated, repetition.count());
  }
  for (const Span& span : trace->spans) {
    entry(endpoint.kinds, span.kind().substr(0, 40), limits_.kinds) += span.exclusive;
    endpoint.slow_spans += span.depth > 0 && span.duration() > slow_above;
  }
  trace_bytes_ += trace->bytes();
  latest_.push_back(trace);
  if (!endpoint.slowest || endpoint.slowest->duration() < trace->duration()) {
    const KeptTrace before = std::exchange(endpoint.slowest, trace);
    if (before && !is_latest(before)) throw_away(before);
  }
  make_room();
}

void Store::make_room() {
  while (latest_.size() > limits_.traces || (trace_bytes_ > limits_.trace_bytes && latest_.size() > 1)) {
    const KeptTrace goes = std::move(latest_.front());
    latest_.pop_front();
    if (endpoints_.find(goes->endpoint)->second.slowest != goes) throw_away(goes);
  }
  if (trace_bytes_ <= limits_.trace_bytes) return;
  for (auto& [name, endpoint] : endpoints_) {
    if (!endpoint.slowest || is_latest(endpoint.slowest)) continue;
    throw_away(endpoint.slowest);
    endpoint.slowest = nullptr;
    if (trace_bytes_ <= limits_.trace_bytes) return;
  }
}

void Store::throw_away(const KeptTrace& trace) {
  ++thrown_away_;
  trace_bytes_ -= trace->bytes();
}

KeptTrace Store::find(std::string_view which, std::string_view endpoint) const {
  if (which == "slowest") {
    KeptTrace slowest;
    for (const auto& [name, each] : endpoints_) {
      if (!endpoint.empty() && name != endpoint) continue;
      if (each.slowest && (!slowest || each.slowest->duration() > slowest->duration())) slowest = each.slowest;
    }
    return slowest;
  }
  const auto fits = [&](const KeptTrace& trace) {
    return trace && (endpoint.empty() || trace->endpoint == endpoint) && (which == "latest" || trace->request_id == which);
  };
  if (const auto found = std::find_if(latest_.rbegin(), latest_.rend(), fits); found != latest_.rend()) return *found;
  for (const auto& [name, each] : endpoints_) {
    if (which != "latest" && fits(each.slowest)) return each.slowest;
  }
  return nullptr;
}

std::vector<KeptTrace> Store::traces_of(std::string_view endpoint, std::size_t limit) const {
  std::vector<KeptTrace> found;
  for (auto trace = latest_.rbegin(); trace != latest_.rend() && found.size() < limit; ++trace) {
    if ((*trace)->endpoint == endpoint) found.push_back(*trace);
  }
  const auto summary = endpoints_.find(endpoint);
  if (summary != endpoints_.end() && summary->second.slowest && !is_latest(summary->second.slowest) && found.size() < limit)
    found.push_back(summary->second.slowest);
  return found;
}

}  // namespace scout::local_agent
