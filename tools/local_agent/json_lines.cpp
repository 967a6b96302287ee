#include "json_lines.hpp"

#include <scout/core/json_text.hpp>

#include <algorithm>
#include <concepts>

#include "repetition.hpp"
#include "report.hpp"

namespace scout::local_agent {
namespace {

// Writes one JSON object, members in the order they come.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    return out_ += ':';
  }
  void add(std::string_view name, std::string_view text) { append_json_string(member(name), text); }
  void add(std::string_view name, bool value) { append_json_bool(member(name), value); }
  void add(std::string_view name, Duration value) { append_json_number(member(name), value.count()); }
  void add(std::string_view name, Time value) { append_json_timestamp(member(name), value); }
  template <class Number>
    requires(!std::same_as<Number, bool> && (std::integral<Number> || std::floating_point<Number>))  //
  void add(std::string_view name, Number value) { append_json_number(member(name), value); }
  template <class Range, class Add>
  void list(std::string_view name, const Range& range, Add add_one) {
    member(name) += '[';
    for (bool first = true; const auto& each : range) {
      if (!first) out_ += ',';
      first = false;
      Object object{out_};
      add_one(object, each);
    }
    out_ += ']';
  }
  template <class Range, class Add>
  void object(std::string_view name, const Range& range, Add add_one) {
    Object inner{member(name)};
    for (const auto& each : range) add_one(inner, each);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void add_tags(Object& object, const Tags& tags) {
  object.object("tags", tags, [](Object& inner, const Tag& tag) { inner.add(tag.key, std::string_view{tag.text}); });
}

void add_summary(Object& object, std::string_view type, const Trace& trace) {
  object.add("type", type);
  object.add("request_id", std::string_view{trace.request_id});
  object.add("endpoint", std::string_view{trace.endpoint});
  object.add("start", trace.start);
  object.add("duration_ns", trace.duration());
  object.add("error", trace.failed());
  object.add("spans", trace.spans.size());
  object.add("slow_spans", std::count_if(trace.spans.begin(), trace.spans.end(),
                                         [](const Span& span) { return span.depth > 0 && span.duration() > slow_above; }));
  object.add("dropped_spans", trace.dropped_spans() + trace.spans_not_kept);
  object.add("reached_span_cap", trace.reached_span_cap());
  object.list("n_plus_one", repetitions(trace), [&](Object& inner, const Repetition& repetition) {
    inner.add("operation", std::string_view{trace.spans[repetition.spans.front()].operation});
    inner.add("statement", std::string_view{repetition.statement});
    inner.add("count", repetition.count());
    inner.add("total_ns", repetition.total);
  });
}

void add_stack(Object& object, const char* name, const Stack& stack) {
  if (stack.empty()) return;
  object.list(name, stack, [](Object& inner, const Frame& frame) {
    inner.add("file", std::string_view{frame.file});
    inner.add("line", frame.line);
    inner.add("function", std::string_view{frame.function});
  });
}

void add_span(Object& object, const Span& span) {
  object.add("id", std::string_view{span.id});
  object.add("parent_id", std::string_view{span.parent_id});
  object.add("operation", std::string_view{span.operation});
  object.add("start", span.start);
  object.add("duration_ns", span.duration());
  object.add("own_ns", span.exclusive);
  object.add("depth", span.depth);
  object.add("error", is_error(span));
  object.add("slow", span.duration() > slow_above);
  add_tags(object, span.tags);
  add_stack(object, "stack", span.stack);
  add_stack(object, "error_stack", span.error_stack);
}

// One line with one object.
template <class Fill>
std::string json_line(Fill fill) {
  std::string out;
  {
    Object object{out};
    fill(object);
  }
  return out += '\n';
}

}  // namespace

std::string listening_json(std::string_view address) {
  return json_line([&](Object& object) {
    object.add("type", std::string_view{"listening"});
    object.add("address", address);
  });
}

std::string transaction_json(const Trace& trace) {
  return json_line([&](Object& object) { add_summary(object, "transaction", trace); });
}

std::string trace_json(const Trace& trace) {
  return json_line([&](Object& object) {
    add_summary(object, "trace", trace);
    add_tags(object, trace.tags);
    add_stack(object, "error_stack", trace.error_stack);
    object.list("tree", trace.spans, add_span);
  });
}

std::string endpoints_json(const Store& store, std::string_view only) {
  std::string out;
  for (const EndpointRow* row : in_order(store, Order::total, only)) {
    const auto& name = row->first;
    const auto& endpoint = row->second;
    out += json_line([&](Object& object) {
      object.add("type", std::string_view{"endpoint"});
      object.add("name", std::string_view{name});
      object.add("count", endpoint.durations.count());
      object.add("errors", endpoint.errors);
      object.add("p50_ns", endpoint.durations.percentile(50));
      object.add("p95_ns", endpoint.durations.percentile(95));
      object.add("p99_ns", endpoint.durations.percentile(99));
      object.add("total_ns", endpoint.total);
      object.add("slow_spans", endpoint.slow_spans);
      object.add("dropped_spans", endpoint.dropped_spans);
      object.add("most_repeated", endpoint.most_repeated);
      object.object("kinds", endpoint.kinds, [](Object& inner, const auto& kind) { inner.add(kind.first, kind.second); });
    });
  }
  return out;
}

std::string account_json(const Desk& desk, std::uint64_t lines_skipped) {
  std::string out;
  for (const Process& process : desk.processes().all()) {
    out += json_line([&](Object& object) {
      object.add("type", std::string_view{"process"});
      object.add("source", std::string_view{process.source});
      if (process.cpu) object.add("cpu_percent", *process.cpu);
      if (process.memory) object.add("memory_mib", *process.memory);
    });
  }
  const Account& account = desk.account();
  return out += json_line([&](Object& object) {
           object.add("type", std::string_view{"account"});
           {
             Object inner{object.member("transactions")};
             inner.add("received", desk.store().received());
             inner.add("shown", desk.store().shown());
             inner.add("thrown_away", desk.store().thrown_away());
             inner.add("ignored", desk.requests().ignored);
             inner.add("given_up", desk.requests().given_up);
             inner.add("open", desk.open_requests());
             inner.add("lines_skipped", lines_skipped);
           }
           object.add("astray_commands", desk.requests().astray);
           object.add("connections", account.connections);
           object.add("messages", account.messages);
           object.add("refused", account.refused);
           object.add("bad_frames", account.bad_frames);
           object.add("timed_out", account.timed_out);
           object.object("complaints", account.complaints,
                         [](Object& inner, const auto& complaint) { inner.add(complaint.first, complaint.second); });
         });
}

}  // namespace scout::local_agent
