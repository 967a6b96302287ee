#ifndef SCOUT_TOOLS_SCOUT_OUTPUT_HPP
#define SCOUT_TOOLS_SCOUT_OUTPUT_HPP

// What `scout` prints: results on standard output, as text or as a JSON object a line; what it is doing on standard error.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <scout/core/error.hpp>

namespace scout::command {

// {"type":"core_agent","version":"1.5.1",…}; the value is JSON already where `is_json` says so.
struct Member {
  Member(std::string_view member_name, std::string_view text) : name(member_name), value(text) {}
  Member(std::string_view member_name, bool truth) : name(member_name), value(truth ? "true" : "false"), is_json(true) {}
  Member(std::string_view member_name, const char* text) : Member(member_name, std::string_view(text)) {}

  std::string name, value;
  bool is_json = false;
};

void print_json(std::initializer_list<Member> members);

// One line on standard error, or an object of type "error"; the exit status for it.
int fail(const Error& error, bool json);

// A bar that is drawn over itself while a download goes on, when standard error is a terminal; nothing elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::uint64_t received, std::uint64_t total);
  // So that something else can be printed.
  void clear();

 private:
  bool visible_;
  std::string shown_;
};

}  // namespace scout::command

#endif
