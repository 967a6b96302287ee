#ifndef SCOUT_EXAMPLES_ASIO_HTTP_WATERFALL_HPP
#define SCOUT_EXAMPLES_ASIO_HTTP_WATERFALL_HPP

// Traces of several processes, read from FileSink's lines, as one tree: a transaction with a traceparent is below the span whose
// id ends with the parent that it names.

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

class Waterfall {
 public:
  void add(const std::string& file) {
    simdjson::dom::parser parser;
    simdjson::dom::document_stream lines;
    if (parser.load_many(file).get(lines) != simdjson::SUCCESS) return;
    for (const auto line : lines) {
      simdjson::dom::array spans;
      if (line["spans"].get(spans) != simdjson::SUCCESS) continue;
      std::string_view asked;
      if (line["tags"]["traceparent"].get(asked) != simdjson::SUCCESS) asked = {};
      for (const simdjson::dom::element span : spans) {
        std::string_view parent;
        if (span["parent"].get(parent) != simdjson::SUCCESS) parent = {};
        spans_.push_back({last_digits(span["id"]), parent.empty() ? asked_by(asked) : last_digits(parent),
                          text(span["operation"]), text(span["start"])});
      }
    }
    std::stable_sort(spans_.begin(), spans_.end(), [](const Span& a, const Span& b) { return a.start < b.start; });
  }

  std::string tree() const { return below("", 0, false); }
  std::string text() const { return below("", 0, true); }

 private:
  struct Span {
    std::string id, parent, operation, start;
  };

  static std::string text(std::string_view value) { return std::string(value); }
  // A span's id in a traceparent is the last 16 digits of its own.
  static std::string last_digits(std::string_view id) {
    std::string digits;
    for (const char c : id) {
      if (c != '-') digits += c;
    }
    return digits.size() < 16 ? digits : digits.substr(digits.size() - 16);
  }
  static std::string asked_by(std::string_view traceparent) {
    return traceparent.empty() ? "" : text(traceparent.substr(36, 16));
  }

  std::string below(const std::string& parent, std::size_t depth, bool times) const {
    std::string out;
    for (const Span& span : spans_) {
      if (span.parent != parent) continue;
      out += std::string(2 * depth, ' ') + span.operation + (times ? "  " + span.start : "") + '\n' +
             below(span.id, depth + 1, times);
    }
    return out;
  }

  std::vector<Span> spans_;
};

#endif
