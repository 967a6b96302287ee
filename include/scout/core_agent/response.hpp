#ifndef SCOUT_CORE_AGENT_RESPONSE_HPP
#define SCOUT_CORE_AGENT_RESPONSE_HPP

// What the core agent answers. Its exact shapes are documented nowhere, so answers are read loosely: the command is the
// top-level key, and a "Failure" at any depth means not accepted. Of the library only this and manager/manifest.hpp use simdjson.

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/expected.hpp"

namespace scout::inline v0 {

inline constexpr std::uint32_t max_answer_size = 10'000'000;  // it may hold a small object for every command of a batch

// What the core agent said to one message.
struct Answer {
  std::string command;   // as it was sent: "Register", "BatchCommand", …; "Failure" when nothing else is said
  bool accepted = true;  // no failure
  std::string message;   // of the failure
  std::string version;   // of the core agent, in the answer to CoreAgentVersion
};

// Keeps its buffers from answer to answer, and the last one: most are the same again. Makes the buffers at once: simdjson's tables
// are gone at the end of the process, behind the handlers that were registered before its first use, while what was made from them
// goes on.
class AnswerParser {
 public:
  AnswerParser() { [[maybe_unused]] const auto tried_again_by_parse = parser_.allocate(first_capacity, max_depth); }

  // Fails with ErrorCode::protocol on what is not a JSON object with a key.
  Expected<Answer> parse(std::string_view payload) {
    if (last_ && payload == std::string_view(padded_.data(), padded_.size() - simdjson::SIMDJSON_PADDING)) return *last_;
    last_.reset();
    if (payload.size() > max_answer_size) return not_an_answer(payload);
    padded_.resize(payload.size() + simdjson::SIMDJSON_PADDING);
    payload.copy(padded_.data(), payload.size());
    if (parser_.capacity() < payload.size() &&
        parser_.allocate(std::max(payload.size(), first_capacity), max_depth) != simdjson::SUCCESS) {
      return not_an_answer(payload);
    }
    simdjson::dom::element element;
    simdjson::dom::object object;
    if (parser_.parse(padded_.data(), payload.size(), false).get(element) != simdjson::SUCCESS ||
        element.get(object) != simdjson::SUCCESS || object.size() == 0) {
      return not_an_answer(payload);
    }
    const auto [key, value] = *object.begin();
    Answer answer{.command = std::string(key), .message = {}, .version = {}};
    find_failure(element, answer);
    std::string_view version;
    if (key == "CoreAgentVersion" && value["version"].get(version) == simdjson::SUCCESS) answer.version = version;
    return last_.emplace(std::move(answer));
  }

 private:
  static constexpr std::size_t max_depth = 64;  // which bounds the recursion as well
  static constexpr std::size_t first_capacity = 1024;

  static Error not_an_answer(std::string_view payload) {
    return {ErrorCode::protocol, "not an answer: '" + std::string(payload.substr(0, 60)) + '\''};
  }

  static void find_failure(simdjson::dom::element element, Answer& answer) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (element.get(object) == simdjson::SUCCESS) {
      for (const auto& [key, value] : object) {
        if (key == "Failure") return fail(value, answer);
        find_failure(value, answer);
        if (!answer.accepted) return;
      }
    } else if (element.get(array) == simdjson::SUCCESS) {
      for (const simdjson::dom::element item : array) {
        find_failure(item, answer);
        if (!answer.accepted) return;
      }
    }
  }

  static void fail(simdjson::dom::element failure, Answer& answer) {
    answer.accepted = false;
    std::string_view message;
    if (failure["message"].get(message) == simdjson::SUCCESS || failure.get(message) == simdjson::SUCCESS)
      answer.message = message;
  }

  simdjson::dom::parser parser_;
  std::vector<char> padded_;    // the last answer
  std::optional<Answer> last_;  // what it says, if it is one
};

}  // namespace scout::inline v0

#endif
