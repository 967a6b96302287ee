// Allocations of spans, with the C library's allocator or, where it is linked with it, jemalloc or tcmalloc.
#include <scout/instrument/allocations.hpp>
#include <scout/testing.hpp>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using scout::testing::Recording;

namespace {

// An integer tag of the n-th span, -1 where there is none.
long tag(Recording& recording, std::size_t span, std::string_view key) {
  const auto trace = recording.traces().at(0);
  for (const auto& tag : trace.spans()[span].tags()) {
    if (tag.key() == key) return std::stol(std::string(tag.json()));
  }
  return -1;
}

struct alignas(128) Wide {
  char bytes[256];
};

void* volatile kept;

// Allocations of a span that does this, and their bytes.
template <class Work>
std::pair<long, long> cost_of(Work work) {
  Recording recording;
  {
    scout::BackgroundTransaction job{"job"};
    const scout::ScopedSpan span{"work"};
    work();
  }
  CHECK(recording.stats().spans.balanced());
  return {tag(recording, 1, "allocations"), tag(recording, 1, "allocated_bytes")};
}
template <class T, class... Arguments>
std::pair<long, long> cost_of_one(Arguments... arguments) {
  return cost_of([&] { kept = ::operator new(sizeof(T), arguments...); });
}

using Cost = std::pair<long, long>;

}  // namespace

TEST_SUITE_BEGIN("allocations");

TEST_CASE("the program runs with the allocator it was linked with") {
  if (const char* const expected = std::getenv("EXPECTED_ALLOCATOR")) CHECK(dlsym(RTLD_DEFAULT, expected) != nullptr);
  CHECK(scout::detail::allocations_are_counted);
}

TEST_CASE("each form of new counts one allocation and its bytes, and each delete gives the memory back") {
  CHECK(cost_of([] { delete new int; }).first <= 1);  // a compiler may leave both out
  CHECK(cost_of_one<int>() == Cost{1, 4});
  ::operator delete(kept);
  CHECK(cost_of([] { kept = ::operator new[](10); }) == Cost{1, 10});
  ::operator delete[](kept, std::size_t{10});
  CHECK(cost_of_one<int>(std::nothrow) == Cost{1, 4});
  ::operator delete(kept, std::nothrow);
  CHECK(cost_of_one<Wide>(std::align_val_t{128}) == Cost{1, 256});
  CHECK(reinterpret_cast<std::uintptr_t>(kept) % 128 == 0);
  ::operator delete(kept, sizeof(Wide), std::align_val_t{128});
  CHECK(cost_of([] { kept = ::operator new[](100, std::align_val_t{64}, std::nothrow); }) == Cost{1, 100});
  ::operator delete[](kept, std::align_val_t{64}, std::nothrow);
  CHECK(cost_of([] {}) == Cost{0, 0});
}

TEST_CASE("what a shared library allocates counts as well") {
  const auto [count, bytes] = cost_of([] {
    std::stringstream stream;
    stream << std::string(1000, 'x');
    kept = nullptr;
  });
  CHECK(count >= 2);
  CHECK(bytes >= 2000);
}

TEST_CASE("a span includes what its children allocate, not what other threads do") {
  Recording recording;
  std::vector<std::unique_ptr<int>> numbers;
  numbers.reserve(8);
  {
    scout::WebTransaction page{"page"};
    const scout::ScopedSpan outer{"outer"};
    numbers.emplace_back(new int);
    {
      const scout::ScopedSpan inner{scout::Operation{"Custom/inner"}};
      numbers.emplace_back(new int);
      numbers.emplace_back(new int);
    }
    std::thread other([context = scout::TraceContext::current()] {
      const scout::Attach attach(context);
      const scout::ScopedSpan elsewhere{"elsewhere"};
      kept = new char[5000];
      delete[] static_cast<char*>(kept);
    });
    {
      const scout::Span waiting{"waiting"};
      other.join();
    }
  }
  CHECK(tag(recording, 2, "allocations") == 2);
  CHECK(tag(recording, 2, "allocated_bytes") == 8);
  CHECK(tag(recording, 2, "stop_allocations") - tag(recording, 2, "start_allocations") == 2);
  CHECK(tag(recording, 1, "allocations") >= 3);
  CHECK(tag(recording, 1, "allocated_bytes") < 5000);
  CHECK(tag(recording, 0, "allocations") >= tag(recording, 1, "allocations"));
  for (const std::size_t span : {std::size_t{3}, std::size_t{4}}) {
    const bool is_waiting = recording.traces().at(0).spans()[span].operation() == "Custom/waiting";
    CHECK(tag(recording, span, "allocations") == (is_waiting ? 0 : 1));
    CHECK(tag(recording, span, "allocated_bytes") == (is_waiting ? 0 : 5000));
  }
}

TEST_CASE("a span that ends on another thread says nothing about allocations; one that is started and stopped does") {
  Recording recording;
  {
    scout::BackgroundTransaction job{"job"};
    scout::Span travels{"travels"};
    std::thread([&] { travels.end(); }).join();
    scout::BackgroundTransaction::start("inside");
    kept = ::operator new(1);
    scout::BackgroundTransaction::stop();
    ::operator delete(kept);
  }
  CHECK(tag(recording, 1, "allocations") == -1);
  CHECK(tag(recording, 2, "allocations") == 1);
}

TEST_CASE("a transaction of 1,500 spans keeps its counts and its account") {
  scout::Config config;
  config.ring_size = 1 << 20;
  Recording recording(config);
  {
    scout::BackgroundTransaction job{"job"};
    for (int i = 0; i < 1510; ++i) {
      const scout::ScopedSpan span{"span"};
      kept = ::operator new(1);
      ::operator delete(kept);
    }
  }
  const auto stats = recording.stats();
  CHECK(stats.spans.balanced());
  CHECK(stats.spans.delivered + stats.spans.dropped.total() == 1510);
  CHECK(tag(recording, 1, "allocations") == 1);
}

#if defined(SCOUT_COUNT_MALLOC)
TEST_CASE("malloc and its kin count where the program asks for it, once each") {
  CHECK(cost_of([] { kept = std::malloc(10); }) == Cost{1, 10});
  kept = std::realloc(kept, 20);
  CHECK(cost_of([] { kept = std::realloc(kept, 50000); }) == Cost{1, 50000});
  std::free(kept);
  CHECK(cost_of([] { kept = std::calloc(3, 5); }) == Cost{1, 15});
  std::free(kept);
  CHECK(cost_of([] { kept = std::aligned_alloc(64, 128); }) == Cost{1, 128});
  CHECK(reinterpret_cast<std::uintptr_t>(kept) % 64 == 0);
  std::free(kept);
  CHECK(cost_of([] {
          void* memory = nullptr;
          if (posix_memalign(&memory, 64, 100) == 0) kept = memory;
        }) == Cost{1, 100});
  std::free(kept);
  CHECK(cost_of([] { kept = ::strdup("twelve bytes"); }).first == 1);
  std::free(kept);
}
#endif

TEST_SUITE_END();
