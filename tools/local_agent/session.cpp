#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "protocol.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {
namespace {

constexpr std::size_t most_different = 20;          // of complaints
constexpr std::size_t worth_keeping = 1024 * 1024;  // a parser that took a larger message gives its memory back

bool has_non_ascii(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c & '\x80') != 0; });
}

}  // namespace

void Desk::apply(simdjson::dom::element message, Time now) {
  processes_.apply(message);
  requests_.apply(message, now);
}

Session::Session(Desk& desk) : desk_(desk), number_(++desk.account_.connections) {
  ++desk_.account_.live;
  desk_.recording_.opened(number_);
}

Session::Answer Session::handle(std::string_view payload) {
  Answer answer = judge(payload);
  if (payload.size() > worth_keeping) desk_.parser_ = simdjson::dom::parser{};
  return answer;
}

Session::Answer Session::judge(std::string_view payload) {
  ++messages_;
  ++desk_.account_.messages;
  simdjson::dom::element message;
  if (const auto error = desk_.parser_.parse(payload.data(), payload.size(), false).get(message); error != simdjson::SUCCESS) {
    desk_.recording_.bad_json(number_, messages_, payload.size(), simdjson::error_message(error));
    return refuse(fmt::format("not JSON: {}", simdjson::error_message(error)));
  }
  std::vector<std::string> bad = check(message, registered_);
  const std::string command{command_of(message).name};
  const std::string complaint = bad.empty() ? "" : bad.front();
  const bool was_registered = registered_;
  registered_ = registered_ || (command == "Register" && bad.empty());
  if (desk_.recording_.is_open()) {
    if (has_non_ascii(payload)) bad.emplace_back("note: raw non-ASCII bytes (legal UTF-8)");
    desk_.recording_.message(number_, messages_, payload, command, bad);
  }
  // A trace that breaks a rule is refused but still shown: whoever looks for the mistake wants to see it.
  if (was_registered) desk_.apply(message, std::chrono::system_clock::now());
  if (!complaint.empty()) return refuse(complaint);
  return {success_answer(command), command == "CoreAgentShutdown"};
}

std::string Session::bad_frame(std::string_view why) {
  ++desk_.account_.bad_frames;
  desk_.recording_.bad_frame(number_, why);
  return failure_answer(why);
}

void Session::timed_out() { ++desk_.account_.timed_out; }

void Session::closed(std::size_t left) {
  --desk_.account_.live;
  desk_.recording_.closed(number_, left);
}

Session::Answer Session::refuse(const std::string& complaint) {
  ++desk_.account_.refused;
  auto& complaints = desk_.account_.complaints;
  const std::string text = cleaned(cut(complaint, 200, true), true);
  if (complaints.size() < most_different || complaints.contains(text)) ++complaints[text];
  return {failure_answer(complaint), false};
}

}  // namespace scout::local_agent
