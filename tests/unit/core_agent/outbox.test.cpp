#include "scout/core_agent/outbox.hpp"

#include <doctest/doctest.h>

using namespace scout;

namespace {

// An outbox of 1,000 bytes for messages of 96, which are frames of 100: ten fit.
class Box {
 public:
  explicit Box(Outbox::Limits limits = {.bytes = 1000}) : outbox(limits) {}

  Expected<void> add(char letter, std::size_t size = 96) {
    return outbox.add_transaction(2, settlement, [&](std::span<char> buffer) { return fill(buffer, letter, size); });
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

 private:
  static std::size_t fill(std::span<char> buffer, char letter, std::size_t size) {
    if (size <= buffer.size()) std::fill_n(buffer.begin(), size, letter);
    return size;
  }
};

constexpr std::size_t everything = 1'000'000;

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

TEST_CASE("a connection that ends before anything was sent whole blames no message") {
  Box box;
  box.add_all("a");
  for (int i = 0; i < 20; ++i) {
    box.send(50);
    box.outbox.rewind(true, box.settlement);
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

TEST_SUITE_END();
