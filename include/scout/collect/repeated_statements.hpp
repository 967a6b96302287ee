#ifndef SCOUT_COLLECT_REPEATED_STATEMENTS_HPP
#define SCOUT_COLLECT_REPEATED_STATEMENTS_HPP

// N+1 in a whole transaction, whatever the threads that ran it: what each statement that is too many comes to. Only the
// collector knows; the thread whose run made it too many has kept its stack already (instrument/n_plus_one.hpp).

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "../config/final_config.hpp"
#include "../core/json_text.hpp"
#include "assembly.hpp"
#include "shown_statement.hpp"
#include "timeline.hpp"

namespace scout::inline v0::detail {

class RepeatedStatements {
 public:
  // [{"statement":…,"count":…,"seconds":…},…], the longest time first, statements without their values; empty: none.
  std::string json(Assembly& assembly, const Timeline& timeline, const FinalConfig& config) {
    if (!assembly.has_statements()) return {};
    groups_.clear();
    for (std::uint32_t index = 0; index < assembly.spans().size(); ++index) {
      const ArrivedSpan& span = assembly.spans()[index];
      if (span.statement == 0 || !span.started || !span.ended) continue;
      add(span.statement, index, timeline.at(span.clamped_stop()) - timeline.at(span.start));
    }
    std::erase_if(groups_, [&](const Group& group) {
      return group.count < config.n_plus_one_count || seconds(group) < config.n_plus_one_seconds;
    });
    std::sort(groups_.begin(), groups_.end(), [](const Group& left, const Group& right) { return left.time > right.time; });
    std::string json;
    for (const Group& group : groups_) append(json, assembly, group);
    if (!json.empty()) json += ']';
    return json;
  }

 private:
  struct Group {
    std::uint32_t statement, first_span;
    int count;
    std::chrono::nanoseconds time;
  };

  static double seconds(const Group& group) { return std::chrono::duration<double>(group.time).count(); }

  void add(std::uint32_t statement, std::uint32_t span, std::chrono::nanoseconds time) {
    auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& known) { return known.statement == statement; });
    if (group == groups_.end()) group = groups_.insert(group, {statement, span, 0, {}});
    ++group->count;
    group->time += time;
  }

  static void append(std::string& json, Assembly& assembly, const Group& group) {
    json += json.empty() ? "[{\"statement\":" : ",{\"statement\":";
    append_json_string(json, name(assembly, assembly.spans()[group.first_span]));
    json += ",\"count\":";
    append_json_number(json, std::int64_t{group.count});
    json += ",\"seconds\":";
    append_json_number(json, seconds(group));
    json += '}';
  }

  // The tag db.statement; what has none goes by its operation.
  static std::string name(Assembly& assembly, const ArrivedSpan& span) {
    constexpr std::size_t size_of_header = 1 + sizeof(std::uint32_t);  // core/tag.hpp
    for (std::uint32_t index = span.first_tag; index != nothing; index = assembly.tag(index).next) {
      const ArrivedTag& tag = assembly.tag(index);
      if (tag.key != "db.statement") continue;
      if (tag.kind == RecordKind::tag && tag.payload.size() >= size_of_header && tag.payload[0] == 's')
        return shown_statement(tag.payload.substr(size_of_header));
      if (tag.kind == RecordKind::tag_text) {
        char text[2 * sizeof tag.a + 1] = {};
        std::memcpy(text, &tag.a, sizeof tag.a);
        std::memcpy(text + sizeof tag.a, &tag.b, sizeof tag.b);
        return shown_statement(text);
      }
    }
    return std::string(span.operation);
  }

  std::vector<Group> groups_;
};

}  // namespace scout::inline v0::detail

#endif
