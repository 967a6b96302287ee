// What goes to the core agent: a transaction built from the input, a registration and an event with its bytes as texts. A
// part of the input is a span: how many levels to go up, its times, and texts for its name and tags.

#include <scout/collect/tag_json.hpp>
#include <scout/core_agent/json_encoder.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "json_oracle.hpp"

using namespace scout;
using fuzz::Bytes, fuzz::repaired, fuzz::require, fuzz::require_same, fuzz::string_of;
using simdjson::dom::element;

namespace {

constexpr IdSeed seed{3, 4};
constexpr Time begin{std::chrono::seconds(1'700'000'000)};

element member(element object, std::string_view name) {
  element value;
  require(object[name].get(value) == simdjson::SUCCESS, "a message has its members", name);
  return value;
}

// Whatever the size of the buffer, nothing is written beyond it, and what would have been enough comes back.
template <class Message>
std::string encoded(const Message& message, std::size_t other_size) {
  JsonEncoder encoder;
  const std::size_t size = encoder.encode(message, {});
  for (const std::size_t room : {other_size % size, size}) {
    std::string buffer(size + 1, '~');
    require(encoder.encode(message, std::span(buffer).first(room)) == size, "the size does not depend on the buffer");
    require(buffer.find_first_not_of('~', room) == std::string::npos, "nothing is written beyond the buffer");
    if (room == size) return buffer.substr(0, size);
  }
  return {};
}

struct Tags {
  std::deque<std::string> texts, json;
  std::vector<TagView> views;

  void add(std::string_view key, std::string_view value) {
    append_json_string(json.emplace_back(), texts.emplace_back(value));
    views.emplace_back(texts.emplace_back(key), json.back());
  }
};

struct Span {
  std::size_t parent;  // its place, for the root its own
  std::string operation;
  Time start, stop;
  Tags tags;
};

class Transaction {
 public:
  explicit Transaction(Bytes input) {
    const auto time = [&input] { return begin + std::chrono::microseconds(input.number<std::int32_t>()); };
    stop_ = time();
    std::vector<std::size_t> path;
    do {
      const unsigned shape = input.number();
      for (unsigned up = shape & 3; up > 0 && path.size() > 1; --up) path.pop_back();
      Span& span = spans_.emplace_back();
      span.parent = path.empty() ? 0 : path.back();
      path.push_back(spans_.size() - 1);
      span.start = time();
      span.stop = time();
      span.operation = input.take(shape >> 2 & 15);
      for (unsigned count = shape >> 6; count > 0; --count) {
        Tags& tags = spans_.size() == 1 && count == 1 ? tags_ : span.tags;
        const std::string_view key = input.take(input.number() % 8);
        tags.add(key, input.take(input.number() % 16));
      }
    } while (!input.done() && spans_.size() < 64);
  }

  std::string json(std::size_t other_size) const {
    std::vector<SpanView> views;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const Span& span = spans_[i];
      views.emplace_back(id(i), i == 0 ? SpanId{} : id(span.parent), span.operation, span.start, span.stop, span.tags.views);
    }
    return encoded(Trace(seed.request(1), begin, stop_, tags_.views, views, 0), other_size);
  }

  static SpanId id(std::size_t place) { return seed.span(1, static_cast<std::uint16_t>(place)); }
  const std::deque<Span>& spans() const { return spans_; }
  const Tags& tags() const { return tags_; }

 private:
  Time stop_;
  std::deque<Span> spans_;
  Tags tags_;
};

// Follows the commands of a batch: everything arrives, in order, each span within its parent.
class BatchCheck {
 public:
  explicit BatchCheck(const Transaction& transaction) : transaction_(transaction) {}

  void run(element message) {
    simdjson::dom::array commands;
    require(member(member(message, "BatchCommand"), "commands").get(commands) == simdjson::SUCCESS, "a transaction is one batch");
    std::size_t index = 0;
    for (const element command : commands) {
      simdjson::dom::object object;
      require(command.get(object) == simdjson::SUCCESS && object.size() == 1, "a command has one name");
      const auto first = *object.begin();
      require((index == 0) == (first.key == "StartRequest"), "a batch begins with its request");
      require((++index == commands.size()) == (first.key == "FinishRequest"), "a batch ends with its request");
      require_same(string_of(member(first.value, "request_id")), std::string_view(seed.request(1).text()),
                   "every command names the request");
      follow(first.key, first.value, string_of(member(first.value, "timestamp")));
    }
    require(started_ == transaction_.spans().size() && tag_ == tags().size() && open_.empty(),
            "everything arrives and is closed");
  }

 private:
  struct Open {
    std::size_t place;
    std::string start, earliest_stop;
  };

  const std::vector<TagView>& tags() const {
    return started_ == 0 ? transaction_.tags().views : transaction_.spans()[started_ - 1].tags.views;
  }

  void follow(std::string_view command, element body, std::string_view time) {
    if (command == "StartSpan") return start(body, time);
    if (command == "StopSpan") return stop(body, time);
    if (command == "TagSpan" || command == "TagRequest") return tag(body, time, command == "TagSpan");
    require(open_.empty() && time >= earliest_, "a request ends last");
    earliest_ = time;
    if (command == "StartRequest") latest_start_ = time;
  }

  void start(element body, std::string_view time) {
    require(tag_ == tags().size(), "the tags come before the next span");
    const Span& span = transaction_.spans()[started_];
    require_same(string_of(member(body, "operation")), repaired(span.operation), "a name is the repaired text");
    require_id(body, started_);
    const element parent = member(body, "parent_id");
    if (open_.empty()) {
      require(started_ == 0 && parent.is_null(), "only the root has no parent");
    } else {
      require(open_.back().place == span.parent, "children come before their parent's stop");
      require_same(string_of(parent), std::string_view(Transaction::id(span.parent).text()), "a span names its parent");
    }
    require(time >= (open_.empty() ? latest_start_ : open_.back().start), "a span starts within its parent");
    open_.push_back({started_++, std::string(time), std::string(time)});
    tag_ = 0;
  }

  void stop(element body, std::string_view time) {
    require(!open_.empty(), "what stops was started");
    require_id(body, open_.back().place);
    require(time >= open_.back().earliest_stop, "a span stops after its children");
    open_.pop_back();
    std::string& earliest = open_.empty() ? earliest_ : open_.back().earliest_stop;
    earliest = std::max(earliest, std::string(time));
  }

  void tag(element body, std::string_view time, bool of_span) {
    require(tag_ < tags().size() && of_span == (started_ > 0), "a tag follows the start of what it belongs to");
    const TagView& expected = tags()[tag_++];
    require_same(string_of(member(body, "tag")), repaired(expected.key()), "a tag's key is the repaired text");
    fuzz::StrictJson strict;
    require_same(string_of(member(body, "value")), string_of(strict.parse(expected.json())), "a tag's value is what it was");
    if (!of_span) return require_same(time, latest_start_, "a tag has the time of its request");
    require_id(body, started_ - 1);
    require_same(time, open_.back().start, "a tag has the time of its span");
  }

  static void require_id(element body, std::size_t place) {
    require_same(string_of(member(body, "span_id")), std::string_view(Transaction::id(place).text()), "a command names its span");
  }

  const Transaction& transaction_;
  std::vector<Open> open_;
  std::size_t started_ = 0, tag_ = 0;
  std::string latest_start_, earliest_;
};

void check_texts(std::string_view input) {
  const std::string_view first = input.substr(0, input.size() / 2), second = input.substr(first.size());
  fuzz::StrictJson strict;
  const element registration = member(strict.parse(encoded(Registration{first, second, first}, input.size() * 7)), "Register");
  require_same(string_of(member(registration, "app")), repaired(first), "the application's name is the repaired text");
  require_same(string_of(member(registration, "key")), repaired(second), "the key is the repaired text");
  const element host = member(registration, "host");
  first.empty() ? require(host.is_null(), "no host is null")
                : require_same(string_of(host), repaired(first), "the host is the repaired text");

  const element event =
      member(strict.parse(encoded(ApplicationEvent(first, "[1]", second, begin), input.size() * 5)), "ApplicationEvent");
  require_same(string_of(member(event, "event_type")), repaired(first), "an event's type is the repaired text");
  require_same(string_of(member(event, "source")), repaired(second), "an event's source is the repaired text");
  require_same(string_of(member(event, "timestamp")), "2023-11-14T22:13:20.000000Z", "an event has its time");
  require(member(event, "event_value").is_array(), "an event's value is JSON as it came");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  const Transaction transaction{Bytes(input)};
  fuzz::StrictJson strict;
  BatchCheck(transaction).run(strict.parse(transaction.json(size * 31)));
  check_texts(input);
  return 0;
}
