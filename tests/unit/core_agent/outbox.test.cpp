#include "scout/core_agent/outbox.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

using namespace scout;

namespace {

// An outbox of 1,000 bytes for messages of 96, which are frames of 100: ten fit.
class Box {
 public:
  explicit Box(Outbox::Limits limits = {.bytes = 1000}) : outbox(limits) {}

  Expected<void> add(char letter, std::size_t size = 96) {
    return outbox.add_transaction(2, settlement, [&](std::span<char> buffer) { return fill(buffer, letter, size); }, wait);
  }
  Expected<void> add_event(char letter) {
    return outbox.add_event(settlement, [&](std::span<char> buffer) { return fill(buffer, letter, 96); });
  }
  void add_all(std::string_view letters) {
    for (const char letter : letters) REQUIRE(add(letter));
  }
  // Sends so many bytes and returns the letters of the messages that began among them.
  std::string send(std::size_t bytes) {
    std::string letters;
    while (bytes > 0 && !outbox.unsent().empty()) {
      const auto rest = outbox.unsent();
      const auto size = std::min(bytes, rest.size());
      constexpr std::string_view header("\0\0\0\x60", 4);
      for (auto at = rest.find(header); at < size; at = rest.find(header, at + 1)) letters += rest[at + header.size()];
      outbox.sent(size, settlement);
      bytes -= size;
    }
    return letters;
  }

  Settlement settlement;
  Outbox outbox;
  std::function<bool()> wait = [] { return false; };

 private:
  static std::size_t fill(std::span<char> buffer, char letter, std::size_t size) {
    if (size <= buffer.size()) std::fill_n(buffer.begin(), size, letter);
    return size;
  }
};

constexpr std::size_t everything = 1'000'000;

// An outbox beside a list of what it has to hold: does anything with both, and compares what goes out byte by byte.
class Compared {
 public:
  Compared(Outbox::Limits limits, std::size_t largest) : limits_(limits), largest_(largest), outbox_(limits) {}

  void do_something() {
    switch (random_() % 8) {
      case 0: return rewind();
      case 1:
      case 2: return answer();
      case 3:
      case 4: return send(random_() % (3 * largest_));
      default: return add();
    }
  }
  // Every message that is left goes out, whole.
  void finish() {
    rewind();
    while (!outbox_.unsent().empty()) send(everything);
    while (!held_.empty()) answer();
    CHECK(outbox_.empty());
    CHECK(settlement_.dropped_transactions.total() == dropped_);
  }
  std::size_t dropped() const { return dropped_; }
  std::size_t refused() const { return refused_; }

 private:
  void add() {
    const std::size_t size = 1 + random_() % largest_;
    std::string frame(4, '\0');
    write_frame_header(frame.data(), static_cast<std::uint32_t>(size));
    while (frame.size() < 4 + size) frame += std::to_string(random_());
    frame.resize(4 + size);
    const auto encode = [&](std::span<char> room) {
      std::fill(room.begin(), room.end(), '!');  // all of the room may be written to
      if (size <= room.size()) std::copy(frame.begin() + 4, frame.end(), room.begin());
      return size;
    };
    const auto added = outbox_.add_transaction(1, settlement_, encode, [] { return false; });
    const std::size_t evicted = settlement_.dropped_transactions[Reason::buffer_full] - dropped_;
    dropped_ += evicted;
    const auto first = held_.begin() + static_cast<std::ptrdiff_t>(sent_ + (partly_ > 0));
    held_.erase(first, first + static_cast<std::ptrdiff_t>(evicted));
    if (!added) {
      ++refused_;
      std::size_t in_flight = 0;
      for (std::size_t i = 0; i < sent_ + (partly_ > 0); ++i) in_flight += held_[i].size();
      CHECK(in_flight + frame.size() + frame_header_size + largest_ > limits_.bytes);  // of the ring's end one may be kept
      return;
    }
    held_.push_back(frame);
  }
  void send(std::size_t most) {
    const std::string_view bytes = outbox_.unsent().substr(0, most);
    std::size_t left = bytes.size();
    bool equal = true;
    while (left > 0) {
      const std::string_view rest = std::string_view(held_[sent_]).substr(partly_);
      const std::size_t size = std::min(left, rest.size());
      equal = equal && bytes.substr(bytes.size() - left, size) == rest.substr(0, size);
      left -= size;
      partly_ += size;
      if (partly_ == held_[sent_].size()) {
        ++sent_;
        partly_ = 0;
      }
    }
    CHECK(equal);
    outbox_.sent(bytes.size(), settlement_);
    std::size_t unsent = 0;
    for (std::size_t i = sent_; i < held_.size(); ++i) unsent += held_[i].size();
    CHECK(outbox_.unsent_bytes() == unsent - partly_);
  }
  void answer() {
    CHECK(outbox_.answered(true, settlement_) == (sent_ > 0));
    if (sent_ == 0) return;
    held_.erase(held_.begin());
    --sent_;
  }
  void rewind() {
    outbox_.rewind(false, settlement_);
    sent_ = partly_ = 0;
  }

  Outbox::Limits limits_;
  std::size_t largest_;
  Outbox outbox_;
  Settlement settlement_;
  std::vector<std::string> held_;  // frames
  std::size_t sent_ = 0, partly_ = 0, dropped_ = 0, refused_ = 0;
  std::mt19937 random_;
};

}  // namespace

TEST_SUITE_BEGIN("core_agent/outbox");

TEST_CASE("messages go out framed and in order, and are settled by their answers") {
  Box box;
  box.add_all("abc");
  CHECK(box.outbox.unsent().substr(0, 5) == std::string_view("\0\0\0\x60"
                                                             "a",
                                                             5));
  CHECK(box.send(everything) == "abc");
  CHECK(box.outbox.answered(true, box.settlement));
  CHECK(box.outbox.answered(false, box.settlement));
  CHECK(box.settlement.delivered_transactions == 1);
  CHECK(box.settlement.delivered_spans == 2);
  CHECK(box.settlement.dropped_transactions[Reason::refused] == 1);
  CHECK(box.settlement.dropped_spans[Reason::refused] == 2);
  CHECK(box.outbox.in_flight());
  CHECK(box.outbox.answered(true, box.settlement));
  CHECK(box.outbox.empty());
}

TEST_CASE("messages that stand together are offered together, and each counts once the last of its bytes is sent") {
  Box box;
  box.add_all("abc");
  CHECK(box.outbox.unsent().size() == 300);
  box.outbox.sent(250, box.settlement);
  CHECK(box.outbox.unsent().size() == 50);
  CHECK(box.outbox.answered(true, box.settlement));
  CHECK(box.outbox.answered(true, box.settlement));
  CHECK(!box.outbox.answered(true, box.settlement));
  box.outbox.sent(50, box.settlement);
  CHECK(box.outbox.unsent().empty());
  CHECK(box.outbox.answered(true, box.settlement));
}

TEST_CASE("an answer to what was not sent as a whole is an answer to nothing") {
  Box box;
  CHECK(!box.outbox.answered(true, box.settlement));
  box.add_all("a");
  box.send(99);
  CHECK(!box.outbox.answered(true, box.settlement));
}

TEST_CASE("after a rewind everything unanswered goes again, and only what was sent whole counts as redelivered") {
  Box box;
  box.add_all("abc");
  box.send(250);
  box.outbox.answered(true, box.settlement);
  box.outbox.rewind(true, box.settlement);
  CHECK(box.send(everything) == "bc");
  CHECK(box.settlement.redelivered_transactions == 1);
  box.outbox.rewind(true, box.settlement);
  CHECK(box.send(everything) == "bc");
  CHECK(box.settlement.redelivered_transactions == 2);  // each once
}

TEST_CASE("when it is full the oldest that is not in flight goes") {
  Box box;
  box.add_all("abcdefghij");
  CHECK(box.send(150) == "ab");  // b is half sent
  box.add_all("k");
  CHECK(box.settlement.dropped_transactions[Reason::buffer_full] == 2);  // room is made by eighths of the buffer
  CHECK(box.settlement.dropped_spans[Reason::buffer_full] == 4);
  box.outbox.rewind(true, box.settlement);
  CHECK(box.send(everything) == "abefghijk");
}

TEST_CASE("what is in flight is not touched: the new message has no room then") {
  Box box;
  box.add_all("abcdefghij");
  box.send(everything);
  CHECK(box.add('k').error().code == ErrorCode::buffer_full);
  CHECK(box.settlement.dropped_transactions.total() == 0);
  box.outbox.answered(true, box.settlement);
  CHECK(box.add('k'));
}

TEST_CASE("what is answered while a message waits for room makes room, and nothing is driven out") {
  Box box;
  box.add_all("abcdefghij");
  box.send(500);
  int waits = 0;
  box.wait = [&] { return ++waits < 2 || box.outbox.answered(true, box.settlement); };
  CHECK(box.add('k'));
  CHECK(waits == 2);
  CHECK(box.settlement.dropped_transactions.total() == 0);
  CHECK(box.send(everything) == "fghijk");
}

TEST_CASE("a message that can never fit drives nothing out") {
  Box box;
  box.add_all("abc");
  CHECK(box.add('x', 2000).error().code == ErrorCode::buffer_full);
  CHECK(box.settlement.dropped_transactions.total() == 0);
  CHECK(box.add('x', 996));
  CHECK(box.settlement.dropped_transactions[Reason::buffer_full] == 3);
}

TEST_CASE("a message above the limit of one message is an encoding error") {
  Box box({.bytes = 1000, .message = 100});
  CHECK(box.add('x', 101).error().code == ErrorCode::encode);
  CHECK(box.add('x', 100));
}

TEST_CASE("events are few, the oldest goes, and they are in no account") {
  Box box({.bytes = 1000, .events = 2});
  REQUIRE(box.add('a'));
  for (const char letter : {'x', 'y', 'z'}) REQUIRE(box.add_event(letter));
  CHECK(box.send(everything) == "ayz");
  for (int i = 0; i < 3; ++i) CHECK(box.outbox.answered(true, box.settlement));
  CHECK(box.settlement.delivered_transactions == 1);
}

TEST_CASE("a message that was next to be answered at the end of five connections is given up") {
  Box box;
  box.add_all("ab");
  for (int i = 0; i < 5; ++i) {
    CHECK(box.send(everything) == "ab");
    box.outbox.rewind(true, box.settlement);
  }
  CHECK(box.settlement.dropped_transactions[Reason::refused] == 1);
  CHECK(box.send(everything) == "b");
}

TEST_CASE("a message of which only a part was sent at the end of five connections is given up") {
  Box box;
  box.add_all("ab");
  for (int i = 0; i < 5; ++i) {
    box.send(50);
    box.outbox.rewind(true, box.settlement);
  }
  CHECK(box.settlement.dropped_transactions[Reason::refused] == 1);
  CHECK(box.send(everything) == "b");
}

TEST_CASE("a connection that ends before anything was sent, or that was not registered, blames no message") {
  Box box;
  box.add_all("a");
  for (int i = 0; i < 20; ++i) {
    box.outbox.rewind(true, box.settlement);
    box.send(50);
    box.outbox.rewind(false, box.settlement);
  }
  CHECK(box.send(everything) == "a");
}

TEST_CASE("abandoning settles everything under the reason, forgetting settles nothing") {
  Box box;
  box.add_all("abc");
  box.send(150);
  box.outbox.abandon(Reason::shutdown, box.settlement);
  CHECK(box.settlement.dropped_transactions[Reason::shutdown] == 3);
  CHECK(box.outbox.empty());
  box.add_all("d");
  box.outbox.forget();
  CHECK(box.outbox.empty());
  CHECK(box.settlement.dropped_transactions.total() == 3);
}

TEST_CASE("it can be used for ever, whatever is outstanding meanwhile") {
  Box box;
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(box.add(static_cast<char>('a' + i % 26), static_cast<std::size_t>(20 + i % 80)));
    box.send(everything);
    if (i % 3 != 0) box.outbox.answered(true, box.settlement);
    if (i % 3 == 2 && !box.outbox.empty()) box.outbox.answered(true, box.settlement);
  }
  CHECK(box.settlement.dropped_transactions.total() == 0);
}

TEST_CASE("few messages on their way go round in little of the memory") {
  Box box(Outbox::Limits{});
  constexpr std::size_t size = 40'000;
  const char *lowest = nullptr, *highest = nullptr;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(box.add('x', size));
    const char* const at = box.outbox.unsent().data();
    lowest = lowest == nullptr ? at : std::min(lowest, at);
    highest = std::max(highest, at);
    box.outbox.sent(box.outbox.unsent().size(), box.settlement);
    if (i >= 4) box.outbox.answered(true, box.settlement);
  }
  CHECK(highest - lowest < 1024 * 1024);
}

TEST_CASE("whatever is added, sent, answered and taken back, the messages go out as they were, in their order") {
  Compared small({.bytes = 1000}, 150), large({.bytes = 1024 * 1024}, 60'000);
  for (int i = 0; i < 50'000; ++i) small.do_something();
  for (int i = 0; i < 2000; ++i) large.do_something();
  small.finish();
  large.finish();
  CHECK(small.dropped() > 0);
  CHECK(small.refused() > 0);
  CHECK(large.dropped() > 0);
}

TEST_SUITE_END();
