#include "protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "json_string.hpp"
#include "terminal_text.hpp"
#include "timestamp.hpp"

namespace scout::local_agent {
namespace {

using simdjson::dom::element;

enum class Kind { text, text_or_null, id, any, list, timestamp };

struct Member {
  std::string_view name;
  Kind kind;
  bool required = true;
};

constexpr Member timestamp{"timestamp", Kind::timestamp, false};
constexpr Member register_members[] = {{"app", Kind::text},
                                       {"key", Kind::text},
                                       {"api_version", Kind::text},
                                       {"host", Kind::text_or_null, false},
                                       {"language", Kind::text, false}};
constexpr Member request_members[] = {{"request_id", Kind::id}, timestamp};
constexpr Member tag_request_members[] = {{"request_id", Kind::id}, {"tag", Kind::text}, {"value", Kind::any}, timestamp};
constexpr Member start_span_members[] = {{"request_id", Kind::id},
                                         {"span_id", Kind::id},
                                         {"operation", Kind::text},
                                         {"parent_id", Kind::text_or_null, false},
                                         timestamp};
constexpr Member stop_span_members[] = {{"request_id", Kind::id}, {"span_id", Kind::id}, timestamp};
constexpr Member tag_span_members[] = {
    {"request_id", Kind::id}, {"span_id", Kind::id}, {"tag", Kind::text}, {"value", Kind::any}, timestamp};
constexpr Member event_members[] = {
    {"event_type", Kind::text}, {"event_value", Kind::any}, {"source", Kind::text}, {"timestamp", Kind::timestamp}};
constexpr Member batch_members[] = {{"commands", Kind::list}};

struct Rule {
  std::string_view command;
  std::span<const Member> members;
  bool before_register = false;
};

constexpr Rule rules[] = {
    {"Register", register_members, true}, {"StartRequest", request_members},   {"FinishRequest", request_members},
    {"TagRequest", tag_request_members},  {"StartSpan", start_span_members},   {"StopSpan", stop_span_members},
    {"TagSpan", tag_span_members},        {"ApplicationEvent", event_members}, {"BatchCommand", batch_members},
    {"CoreAgentVersion", {}, true},       {"CoreAgentShutdown", {}, true},
};

bool fits(Kind kind, element value) {
  std::string_view text;
  switch (kind) {
    case Kind::any: return true;
    case Kind::list: return value.is_array();
    case Kind::text: return value.is_string();
    case Kind::text_or_null: return value.is_string() || value.is_null();
    case Kind::id: return value.get(text) == simdjson::SUCCESS && !text.empty();
    case Kind::timestamp: return value.get(text) == simdjson::SUCCESS && parse_timestamp(text);
  }
  return false;
}

constexpr std::size_t most_complaints = 20;  // about one message

void complain(std::vector<std::string>& bad, std::string complaint) {
  if (bad.size() < most_complaints) bad.push_back(std::move(complaint));
}

void check_members(const Rule& rule, simdjson::dom::object arguments, std::vector<std::string>& bad) {
  std::uint32_t seen = 0;  // a bit for each member of the rule
  for (const auto argument : arguments) {
    const std::string_view name = argument.key;
    const auto member = std::find_if(rule.members.begin(), rule.members.end(), [&](const Member& m) { return m.name == name; });
    const std::uint32_t bit = 1u << (member - rule.members.begin());
    if (member == rule.members.end()) {
      complain(bad, fmt::format("{}: unexpected {}", rule.command, cut(name, 60, true)));
    } else if ((seen & bit) != 0) {
      complain(bad, fmt::format("{}: {} twice", rule.command, name));
    } else if (!fits(member->kind, argument.value)) {
      complain(bad, fmt::format("{}: bad {} {}", rule.command, name, cut(simdjson::to_string(argument.value), 60, true)));
    }
    if (member != rule.members.end()) seen |= bit;
  }
  for (std::size_t i = 0; i < rule.members.size(); ++i) {
    if (rule.members[i].required && (seen >> i & 1) == 0)
      complain(bad, fmt::format("{}: missing {}", rule.command, rule.members[i].name));
  }
}

void check_batch(simdjson::dom::array commands, std::vector<std::string>& bad);

void check_message(element message, bool registered, bool inside_batch, std::vector<std::string>& bad) {
  const Command command = command_of(message);
  if (command.name == "?") {
    complain(bad, "not an object with exactly one key");
    return;
  }
  const auto rule = std::find_if(std::begin(rules), std::end(rules), [&](const Rule& r) { return r.command == command.name; });
  if (rule == std::end(rules)) {
    complain(bad, fmt::format("unknown command {}", cut(command.name, 60, true)));
    return;
  }
  simdjson::dom::object arguments;
  if (command.arguments.get(arguments) != simdjson::SUCCESS) {
    complain(bad, fmt::format("{}: arguments are not an object", command.name));
    return;
  }
  check_members(*rule, arguments, bad);
  if (!registered && !rule->before_register) complain(bad, fmt::format("{}: sent before Register", command.name));
  const bool batch = command.name == "BatchCommand";
  if (inside_batch && (batch || command.name == "Register"))
    complain(bad, fmt::format("{}: not allowed inside a batch", command.name));
  simdjson::dom::array commands;
  if (batch && !inside_batch && arguments["commands"].get(commands) == simdjson::SUCCESS) check_batch(commands, bad);
}

// A batch holds one whole transaction, or several: each starts first and finishes last.
void check_batch(simdjson::dom::array commands, std::vector<std::string>& bad) {
  enum class State { open, closed };
  std::unordered_set<std::string_view> open_requests;
  std::unordered_map<std::string_view, State> spans;
  std::vector<std::pair<std::size_t, std::string_view>> parents;
  const std::size_t last = commands.size() - 1;
  std::size_t i = 0;
  const auto object_to = [&](std::string_view what) { complain(bad, fmt::format("#{} {}", i, what)); };
  for (const element message : commands) {
    std::vector<std::string> complaints;
    check_message(message, true, true, complaints);
    for (const std::string& complaint : complaints) object_to(complaint);
    const auto [name, arguments] = command_of(message);
    if (name != "?" && arguments.is_object()) {
      std::string_view request;
      const bool names_request = arguments["request_id"].get(request) == simdjson::SUCCESS;
      const std::string_view span = text_member(arguments, "span_id");
      if (name == "StartRequest") {
        if (i != 0) object_to("StartRequest is not the first command");
        open_requests.insert(request);
      } else if (names_request && !open_requests.contains(request)) {
        object_to(fmt::format("{} for a request that is not open", name));
      }
      if (name == "StartSpan") {
        if (!spans.insert_or_assign(span, State::open).second) object_to("span id used twice");
        if (std::string_view parent; arguments["parent_id"].get(parent) == simdjson::SUCCESS) parents.emplace_back(i, parent);
      } else if (name == "StopSpan") {
        const auto found = spans.find(span);
        if (found == spans.end() || found->second == State::closed) object_to("StopSpan without StartSpan");
        spans[span] = State::closed;
      } else if (name == "TagSpan" && !spans.contains(span)) {
        object_to("TagSpan before StartSpan");
      } else if (name == "FinishRequest") {
        open_requests.erase(request);
        if (i != last) object_to("FinishRequest is not the last command");
      }
    }
    ++i;
  }
  for (const auto& [position, parent] : parents) {
    if (!spans.contains(parent)) complain(bad, fmt::format("#{} parent_id names a span that is not in the batch", position));
  }
  for (const auto& [span, state] : spans) {
    if (state == State::open) complain(bad, "span never stopped");
  }
}

}  // namespace

Command command_of(element message) {
  simdjson::dom::object object;
  if (message.get(object) != simdjson::SUCCESS || object.size() != 1) return {"?", {}};
  const auto member = *object.begin();
  return {member.key, member.value};
}

std::vector<std::string> check(element message, bool registered) {
  std::vector<std::string> bad;
  check_message(message, registered, false, bad);
  return bad;
}

std::string_view text_member(element object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::string success_answer(std::string_view command) {
  if (command == "CoreAgentVersion") return R"({"CoreAgentVersion":{"version":"1.5.1","result":"Success"}})";
  return fmt::format(R"({{{}:{{"id":null,"result":"Success"}}}})", json_string(command));
}

std::string failure_answer(std::string_view message) {
  return fmt::format(R"({{"Failure":{{"message":{}}}}})", json_string(message));
}

}  // namespace scout::local_agent
