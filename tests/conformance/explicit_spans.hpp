#ifndef SCOUT_TESTS_CONFORMANCE_EXPLICIT_SPANS_HPP
#define SCOUT_TESTS_CONFORMANCE_EXPLICIT_SPANS_HPP

// The spans of span.start and span.stop: a stack per thread. A plain one is a scout::Span, made current by an Attach, so that
// it is closed with its transaction if nobody stops it; one with options is a ScopedSpan.

#include <scout/scout.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "scenario_value.hpp"

namespace conformance {

class ExplicitSpans {
 public:
  static ExplicitSpans& of_thread() {
    static thread_local ExplicitSpans spans;
    return spans;
  }
  ~ExplicitSpans() {
    while (!open_.empty()) stop();
  }

  // `operation` is the whole of it: "SQL/Query".
  void start(std::string_view operation, scout::SpanOptions options);
  // Without an open span it does nothing.
  void stop() {
    if (!open_.empty()) open_.pop_back();
  }

  // Tags the thread's current span, whoever started it.
  void tag_current(std::string_view key, Value value) {
    const bool hidden = !open_.empty() && open_.back()->ignored && open_.back()->depth == depth_;
    if (!hidden) scout::tag_span(key, value);
  }

  // Around the body of a span's scope.
  class Scope {
   public:
    explicit Scope(ExplicitSpans& spans) : spans_(spans) { ++spans_.depth_; }
    ~Scope() { --spans_.depth_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ExplicitSpans& spans_;
  };

 private:
  struct Open {
    std::optional<scout::Span> span;
    std::optional<scout::Attach> current;
    std::optional<scout::ScopedSpan> scoped;
    bool ignored;
    int depth;
  };

  std::vector<std::unique_ptr<Open>> open_;
  int depth_ = 0;
};

}  // namespace conformance

#endif
