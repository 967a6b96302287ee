#ifndef SCOUT_SINK_NULL_SINK_HPP
#define SCOUT_SINK_NULL_SINK_HPP

// A sink that takes everything and keeps nothing: for measuring what recording itself costs.

#include "sink.hpp"

namespace scout::inline v0 {

class NullSink {
 public:
  // Succeeds.
  Expected<void> write(const Trace&) { return {}; }
  Expected<void> write(const ApplicationEvent&) { return {}; }
  Expected<void> flush(Deadline) { return {}; }
};

static_assert(Sink<NullSink>);

}  // namespace scout::inline v0

#endif
