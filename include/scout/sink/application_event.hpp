#ifndef SCOUT_SINK_APPLICATION_EVENT_HPP
#define SCOUT_SINK_APPLICATION_EVENT_HPP

// Something the process says about itself: its metadata, its CPU use, its memory. A view, valid during Sink::write.

#include <string_view>

#include "trace.hpp"

namespace scout::inline v0 {

class ApplicationEvent {
 public:
  constexpr ApplicationEvent(std::string_view type, std::string_view json, std::string_view source, Time time) noexcept
      : type_(type), json_(json), source_(source), time_(time) {}

  constexpr std::string_view type() const noexcept { return type_; }      // "scout.metadata", "CPU/Utilization", "Memory/Physical"
  constexpr std::string_view json() const noexcept { return json_; }      // the value as strict JSON text, UTF-8
  constexpr std::string_view source() const noexcept { return source_; }  // "Pid: 3492", as Scout's Python agent writes it
  constexpr Time time() const noexcept { return time_; }                  // when it was measured

 private:
  std::string_view type_, json_, source_;
  Time time_;
};

}  // namespace scout::inline v0

#endif
