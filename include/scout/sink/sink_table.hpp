#ifndef SCOUT_SINK_SINK_TABLE_HPP
#define SCOUT_SINK_SINK_TABLE_HPP

// An installed sink as a table of functions: the one place where its type is forgotten, so that everything behind the rings
// is compiled once, whatever the sink.

#include "sink.hpp"

namespace scout::inline v0::detail {

struct SinkTable {
  void* sink;
  Expected<void> (*write)(void* sink, const Trace& trace);
  Expected<void> (*write_event)(void* sink, const ApplicationEvent& event);
  Expected<void> (*flush)(void* sink, Deadline deadline);
  // nullptr where a successful write has delivered.
  bool (*service)(void* sink, Settlement& settlement);
  void (*abandon)(void* sink, Reason reason, Settlement& settlement);
  SinkStatus (*status)(const void* sink);

  bool is_deferred() const noexcept { return service != nullptr; }
};

template <Sink S>
SinkTable sink_table(S& sink) noexcept {
  SinkTable table{};
  table.sink = &sink;
  table.write = [](void* self, const Trace& trace) -> Expected<void> { return static_cast<S*>(self)->write(trace); };
  table.write_event = [](void* self, const ApplicationEvent& event) -> Expected<void> { return static_cast<S*>(self)->write(event); };
  table.flush = [](void* self, Deadline deadline) -> Expected<void> { return static_cast<S*>(self)->flush(deadline); };
  if constexpr (DeferredSink<S>) {
    table.service = [](void* self, Settlement& settlement) { return static_cast<S*>(self)->service(settlement); };
    table.abandon = [](void* self, Reason reason, Settlement& settlement) { static_cast<S*>(self)->abandon(reason, settlement); };
    table.status = [](const void* self) { return static_cast<const S*>(self)->status(); };
  }
  return table;
}

}  // namespace scout::inline v0::detail

#endif
