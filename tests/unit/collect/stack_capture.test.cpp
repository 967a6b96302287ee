// Stacks of the calling thread, held against those of the C library. Each is taken more than once: the first time nothing is
// known about the functions on it.
#include <doctest/doctest.h>
#include <execinfo.h>
#include <scout/collect/stack_capture.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

using namespace scout::detail;

namespace {

using Stack = std::vector<std::uint64_t>;

[[gnu::noinline]] Stack captured(std::uint32_t room = 50) {
  Stack stack(room);
  stack.resize(capture_stack(stack.data(), room, 1));
  return stack;
}

// All frames as addresses in calls.
[[gnu::noinline]] Stack expected() {
  std::vector<void*> addresses(200);
  addresses.resize(static_cast<std::size_t>(backtrace(addresses.data(), static_cast<int>(addresses.size()))));
  Stack stack;
  for (void* const address : addresses) stack.push_back(reinterpret_cast<std::uint64_t>(address) - 1);
  return stack;
}

Stack outer(Stack stack) {
  stack.erase(stack.begin());
  return stack;
}

[[gnu::noinline]] void compare(int levels) {
  if (levels > 0) {
    compare(levels - 1);
    asm volatile("");  // no tail call
    return;
  }
  for (int round = 0; round < 3; ++round) {
    const Stack found = captured();
    Stack wanted = expected();
    REQUIRE(found.size() > 1);
    // The innermost call is another one, and a sanitizer puts frames of its own before it.
    wanted.erase(wanted.begin(), std::find(wanted.begin(), wanted.end(), found[1]));
    if (found.size() == 50) wanted.resize(49);
    CHECK(outer(found) == wanted);
  }
}

std::vector<Stack> through_library;

int compare_numbers(const void*, const void*) {
  through_library.push_back(captured());
  return 0;
}
// The C library, which keeps no frame pointers, calls back.
[[gnu::noinline]] Stack sort_here() {
  int numbers[2] = {};
  qsort(numbers, 2, sizeof *numbers, compare_numbers);
  Stack here = captured();
  asm volatile("");
  return here;
}
[[gnu::noinline]] Stack sort_there() {
  int numbers[2] = {};
  qsort(numbers, 2, sizeof *numbers, compare_numbers);
  Stack here = captured();
  asm volatile("");
  return here;
}

}  // namespace

TEST_SUITE_BEGIN("collect/stack_capture");

TEST_CASE("the first, the second and the third stack of a place are the unwinder's, on any thread") {
  for (const int levels : {0, 1, 20, 100}) compare(levels);
  for (int thread = 0; thread < 2; ++thread) std::thread([] { compare(5); }).join();
}

TEST_CASE("a stack through a library without frame pointers leads to the right caller, whoever it was before") {
  through_library.clear();
  for (int round = 0; round < 3; ++round) {
    for (const auto& sort : {sort_here, sort_there}) {
      const Stack tail = outer(sort());
      const Stack stack = std::exchange(through_library, {}).back();
      REQUIRE(stack.size() > tail.size());
      CHECK(Stack(stack.end() - static_cast<std::ptrdiff_t>(tail.size()), stack.end()) == tail);
    }
  }
}

TEST_CASE("no more frames than there is room for are written") {
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t room = 1; room < 6; ++room) CHECK(captured(room).size() == room);
  }
}

TEST_SUITE_END();
