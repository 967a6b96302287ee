#include "open_requests.hpp"

#include <utility>

#include "protocol.hpp"

namespace scout::local_agent {
namespace {

std::string tag_text(simdjson::dom::element arguments) {
  simdjson::dom::element value;
  if (arguments["value"].get(value) != simdjson::SUCCESS) return "";
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string{text} : simdjson::to_string(value);
}

}  // namespace

void OpenRequests::apply(simdjson::dom::element message, Time now) {
  const auto [name, arguments] = command_of(message);
  if (name == "?" || !arguments.is_object()) return;
  if (name == "BatchCommand") {
    simdjson::dom::array commands;
    if (arguments["commands"].get(commands) != simdjson::SUCCESS) return;
    for (const auto command : commands) {
      if (command_of(command).name != "BatchCommand") apply(command, now);
    }
    return;
  }

  const std::string request{text_member(arguments, "request_id")};
  const Time when = parse_timestamp(text_member(arguments, "timestamp")).value_or(now);
  if (name == "StartRequest") return start(request, when);
  const auto found = by_id_.find(request);
  if (found == by_id_.end()) return;
  Open& open = *found->second;
  if (name == "TagRequest") {
    set_tag(open.trace.tags, text_member(arguments, "tag"), tag_text(arguments));
  } else if (name == "FinishRequest") {
    Trace trace = std::move(open.trace);
    open_.erase(found->second);
    by_id_.erase(found);
    trace.finish(when);
    finished_(std::move(trace));
  } else {
    const std::string id{text_member(arguments, "span_id")};
    if (name == "StartSpan") {
      if (!open.spans.emplace(id, open.trace.spans.size()).second) return;
      Span span;
      span.id = id;
      span.parent_id = text_member(arguments, "parent_id");
      span.operation = text_member(arguments, "operation");
      span.start = span.stop = when;
      open.trace.spans.push_back(std::move(span));
      return;
    }
    const auto position = open.spans.find(id);
    if (position == open.spans.end()) return;
    Span& span = open.trace.spans[position->second];
    if (name == "TagSpan") {
      set_tag(span.tags, text_member(arguments, "tag"), tag_text(arguments));
    } else if (name == "StopSpan") {
      span.stop = when;
      span.open = false;
    }
  }
}

void OpenRequests::start(std::string_view request, Time when) {
  if (request.empty() || by_id_.contains(std::string{request})) return;
  if (open_.size() >= limit_) {
    by_id_.erase(open_.front().trace.request_id);
    open_.pop_front();
    ++given_up_;
  }
  Open open;
  open.trace.request_id = request;
  open.trace.start = when;
  by_id_.emplace(request, open_.insert(open_.end(), std::move(open)));
}

}  // namespace scout::local_agent
