#include <scout/buffer/thread_buffer.hpp>

#include <doctest/doctest.h>

#include <memory>

using namespace scout::detail;

namespace {

constexpr std::uint64_t ring_size = 1024;

struct alignas(128) Ring {
  Ring() { buffer.mask = ring_size - 1; }
  ThreadBuffer buffer;
  char bytes[ring_size];
};

bool room(Ring& ring, std::uint64_t size) {
  bool pressed = false;
  return make_room(ring.buffer, size, pressed);
}
bool pressed(Ring& ring, std::uint64_t size) {
  bool result = false;
  make_room(ring.buffer, size, result);
  return result;
}

}  // namespace

TEST_SUITE_BEGIN("buffer/thread_buffer");

TEST_CASE("a ring grants all of its bytes, no more, and all again once they were consumed") {
  Ring ring;
  CHECK(room(ring, ring_size));
  CHECK_FALSE(room(ring, ring_size + 32));
  advance(ring.buffer, ring_size);
  CHECK_FALSE(room(ring, 32));
  ring.buffer.tail = 512;
  CHECK(room(ring, 512));
  CHECK_FALSE(room(ring, 544));
}

TEST_CASE("places held by open spans are not granted a second time") {
  Ring ring;
  CHECK(room(ring, 32));
  ring.buffer.spare -= 10 * 32;
  CHECK(ring.buffer.open_places() == 10);
  CHECK(room(ring, ring_size - 10 * 32));
  CHECK_FALSE(room(ring, ring_size - 9 * 32));
  CHECK(ring.buffer.open_places() == 10);
}

TEST_CASE("places promised to the next spans are not held, not granted a second time, and can be withdrawn") {
  Ring ring;
  CHECK(room(ring, 32));
  ring.buffer.next_span = ContextWord::root_of(1u << 12).orphan(2);
  ring.buffer.end_span = ContextWord::root_of(1u << 12).orphan(12);
  ring.buffer.spare -= 10 * 32;
  CHECK(ring.buffer.promised() == 10 * 32);
  CHECK(ring.buffer.open_places() == 0);
  CHECK_FALSE(room(ring, ring_size - 9 * 32));
  CHECK(room(ring, ring_size - 10 * 32));
  withdraw_promises(ring.buffer);
  CHECK(ring.buffer.promised() == 0);
  CHECK(ring.buffer.open_places() == 0);
  CHECK(ring.buffer.spare == ring_size);
}

TEST_CASE("the second half of the ring is granted with a call for help") {
  Ring ring;
  CHECK_FALSE(pressed(ring, ring_size / 2));
  CHECK(ring.buffer.spare == ring_size / 2);
  CHECK(pressed(ring, ring_size / 2 + 32));
  CHECK(ring.buffer.spare == ring_size);
}

TEST_CASE("a record lands where the head was, across the ring's end as well") {
  Ring ring;
  ring.buffer.head = 5 * ring_size - 32;
  put(ring.buffer, {1, 2, 3, 4});
  put(ring.buffer, {5, 6, 7, 8});
  CHECK(ring.buffer.head == 5 * ring_size + 32);
  CHECK(ring.buffer.slot(5 * ring_size - 32)->a == 2);
  CHECK(reinterpret_cast<Record*>(ring.bytes)->context == 8);
}

TEST_CASE("a wiped ring, as a forked child has it, takes the ends of open spans without harm") {
  auto ring = std::make_unique<Ring>();
  ring->buffer = ThreadBuffer{};
  for (int i = 0; i < 100; ++i) put(ring->buffer, {1, 2, 3, 4});
  CHECK(ring->buffer.open_places() == 0);
  CHECK(ring->buffer.slot(0) == ring->buffer.slot(3200));
  CHECK(ring->buffer.context == no_context);
}

TEST_CASE("a busy section keeps others out and puts the context back, or the new one") {
  Ring ring;
  ring.buffer.context = 77;
  {
    BusySection busy(ring.buffer);
    CHECK(ring.buffer.context == busy_context);
    CHECK(busy.context().bits == 77);
  }
  CHECK(ring.buffer.context == 77);
  {
    BusySection busy(ring.buffer);
    busy.leave_with({99});
  }
  CHECK(ring.buffer.context == 99);
}

TEST_SUITE_END();
