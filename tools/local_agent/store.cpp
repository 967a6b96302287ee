#include "store.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace scout::local_agent {
namespace {

std::uint64_t dropped_spans(const Trace& trace) {
  std::uint64_t count = 0;
  if (const std::string* text = find_tag(trace.tags, "scout.dropped_spans"))
    std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}

// The entry for a name, or for "(other)" when there are too many names.
template <class Map>
auto& entry(Map& map, std::string_view name, std::size_t limit) {
  const auto found = map.find(name);
  if (found != map.end()) return found->second;
  return map[map.size() < limit ? std::string{name} : "(other)"];
}

}  // namespace

void Store::add(Trace finished) {
  const auto trace = std::make_shared<const Trace>(std::move(finished));
  Endpoint& endpoint = entry(endpoints_, trace->endpoint(), limits_.endpoints);
  endpoint.durations.add(trace->duration());
  endpoint.errors += trace->failed();
  endpoint.dropped_spans += dropped_spans(*trace);
  if (Repetition repetition = most_repeated_statement(*trace); repetition.count > endpoint.most_repeated.count) {
    endpoint.most_repeated = std::move(repetition);
  }
  for (const Span& span : trace->spans) entry(endpoint.kinds, span.kind(), limits_.kinds) += span.exclusive;
  if (!endpoint.slowest || endpoint.slowest->duration() < trace->duration()) endpoint.slowest = trace;
  total_time_ += trace->duration();
  trace_bytes_ += trace->bytes();
  traces_.push_back(trace);
  make_room();
}

void Store::make_room() {
  while (traces_.size() > 1 && (traces_.size() > limits_.traces || trace_bytes_ > limits_.trace_bytes)) {
    // Only this deque and an endpoint's `slowest` hold on to a trace.
    auto goes = std::find_if(traces_.begin(), traces_.end() - 1, [](const auto& trace) { return trace.use_count() == 1; });
    if (goes == traces_.end() - 1) {
      goes = traces_.begin();
      for (auto& [name, endpoint] : endpoints_) {
        if (endpoint.slowest == *goes) endpoint.slowest = nullptr;
      }
    }
    trace_bytes_ -= (*goes)->bytes();
    traces_.erase(goes);
  }
}

std::shared_ptr<const Trace> Store::find(std::string_view which, std::string_view endpoint) const {
  std::shared_ptr<const Trace> found;
  for (const auto& trace : traces_) {
    if (!endpoint.empty() && trace->endpoint() != endpoint) continue;
    if (which == "slowest" ? !found || trace->duration() > found->duration() : which == "latest" || trace->request_id == which)
      found = trace;
  }
  return found;
}

}  // namespace scout::local_agent
