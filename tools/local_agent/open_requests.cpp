#include "open_requests.hpp"

#include <iterator>
#include <utility>

#include "protocol.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {
namespace {

using simdjson::dom::element;

Stack stack_of(element value, const OpenRequestLimits& limits) {
  constexpr std::size_t longest_name = 500;
  Stack stack;
  simdjson::dom::array frames;
  if (value.get(frames) != simdjson::SUCCESS) return stack;
  for (const element each : frames) {
    if (stack.size() == limits.frames) break;
    Frame frame;
    frame.file = shortened(text_member(each, "file"), longest_name);
    frame.function = shortened(text_member(each, "function"), longest_name);
    std::int64_t line = 0;
    if (each["line"].get(line) == simdjson::SUCCESS) frame.line = line;
    stack.push_back(std::move(frame));
  }
  return stack;
}

}  // namespace

std::string OpenRequests::text_of(element value) const {
  std::string_view text;
  return shortened(value.get(text) == simdjson::SUCCESS ? text : std::string_view{simdjson::to_string(value)}, limits_.text);
}

void OpenRequests::apply(element message, Time now) {
  const auto [name, arguments] = command_of(message);
  if (name != "BatchCommand") return apply_command(message, now);
  simdjson::dom::array commands;
  if (!arguments.is_object() || arguments["commands"].get(commands) != simdjson::SUCCESS) return;
  for (const element command : commands) apply_command(command, now);
}

void OpenRequests::apply_command(element message, Time now) {
  const Command command = command_of(message);
  const std::string_view name = command.name;
  const element arguments = command.arguments;
  if (name == "?" || !arguments.is_object()) return;
  const std::string_view request = text_member(arguments, "request_id");
  if (request.empty()) return;
  const Time when = parse_timestamp(text_member(arguments, "timestamp")).value_or(now);
  if (name == "StartRequest") return start(request, when);
  const auto found = by_id_.find(request);
  if (found == by_id_.end()) {
    ++account_.astray;
    return;
  }
  Open& open = *found->second;
  element value;
  const bool has_value = arguments["value"].get(value) == simdjson::SUCCESS;
  const auto add_tag = [&](Tags& tags) {
    std::string text = text_of(value);
    const std::string key = shortened(text_member(arguments, "tag"), 200);
    grow(open, set_tag(tags, key, std::move(text), limits_.tags));
  };
  const auto set_stack = [&](Stack& stack) {
    if (!stack.empty()) return;
    stack = stack_of(value, limits_);
    for (const Frame& frame : stack) {
      grow(open, static_cast<std::ptrdiff_t>(sizeof(Frame) + frame.file.size() + frame.function.size()));
    }
  };
  if (name == "TagRequest") {
    if (has_value && text_member(arguments, "tag") == "error_stack") {
      set_stack(open.trace.error_stack);
    } else if (has_value) {
      add_tag(open.trace.tags);
    }
  } else if (name == "FinishRequest") {
    Trace trace = std::move(open.trace);
    bytes_ -= open.bytes;
    open_.erase(found->second);
    by_id_.erase(found);
    const std::string* ignore = find_tag(trace.tags, "ignore_transaction");
    if (ignore && *ignore == "true") {
      ++account_.ignored;
      return;
    }
    ++account_.finished;
    trace.finish(when);
    finished_(std::move(trace));
    return;
  } else if (name == "StartSpan") {
    start_span(open, arguments, when);
  } else if (const auto position = open.spans.find(text_member(arguments, "span_id")); position != open.spans.end()) {
    Span& span = open.trace.spans[position->second];
    if (name == "StopSpan") {
      span.stop = when;
      span.open = false;
    } else if (name == "TagSpan" && has_value) {
      if (const std::string_view tag = text_member(arguments, "tag"); tag == "stack") {
        set_stack(span.stack);
      } else if (tag == "error_stack") {
        set_stack(span.error_stack);
      } else {
        add_tag(span.tags);
      }
    }
  }
  while (bytes_ > limits_.bytes) give_up_oldest();
}

void OpenRequests::start_span(Open& open, element arguments, Time when) {
  if (open.trace.spans.size() >= limits_.spans) {
    ++open.trace.spans_not_kept;
    return;
  }
  const std::string_view id = text_member(arguments, "span_id");
  const auto [position, is_new] = open.spans.try_emplace(std::string{id}, open.trace.spans.size());
  if (!is_new) return;
  Span& span = open.trace.spans.emplace_back();
  span.id = id;
  span.parent_id = text_member(arguments, "parent_id");
  span.operation = shortened(text_member(arguments, "operation"), 1000);
  span.start = span.stop = when;
  grow(open, static_cast<std::ptrdiff_t>(sizeof(Span) + 2 * id.size() + span.parent_id.size() + span.operation.size()));
}

void OpenRequests::start(std::string_view request, Time when) {
  if (by_id_.contains(request)) {
    ++account_.astray;
    return;
  }
  while (open_.size() >= limits_.requests) give_up_oldest();
  ++account_.started;
  Open& open = open_.emplace_back();
  open.trace.request_id = request;
  open.trace.start = when;
  grow(open, static_cast<std::ptrdiff_t>(sizeof(Open) + 2 * request.size()));
  by_id_.emplace(std::string{request}, std::prev(open_.end()));
  while (bytes_ > limits_.bytes && open_.size() > 1) give_up_oldest();
}

void OpenRequests::grow(Open& open, std::ptrdiff_t bytes) {
  open.bytes += static_cast<std::size_t>(bytes);
  bytes_ += static_cast<std::size_t>(bytes);
}

void OpenRequests::give_up_oldest() {
  bytes_ -= open_.front().bytes;
  by_id_.erase(open_.front().trace.request_id);
  open_.pop_front();
  ++account_.given_up;
}

}  // namespace scout::local_agent
