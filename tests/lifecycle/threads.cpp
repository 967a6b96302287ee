// Threads that come and go in great numbers or have little room.

#include <pthread.h>
#include <scout/scout.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "account.hpp"
#include "cases.hpp"

namespace {

constexpr std::chrono::seconds patience{50};

void short_lived(int count) {
  for (int i = 0; i < count; i += 10) {
    std::vector<std::thread> threads;
    for (int n = 0; n < 10; ++n) {
      threads.emplace_back([] {
        SCOUT_BACKGROUND_TRANSACTION("short");
        SCOUT_INSTRUMENT("work");
      });
    }
    for (auto& thread : threads) thread.join();
    if (i % 100 == 0) REQUIRE(scout::flush(patience));
  }
  REQUIRE(scout::flush(patience));
}

void many() {
  REQUIRE(scout::install());
  short_lived(2000);
  const long before = scout::detail::resident_memory() / 1024;
  short_lived(8000);
  print_account();
  const long grown = scout::detail::resident_memory() / 1024 - before;
  if (grown > 1024) std::printf("grew by %ld KiB\n", grown);
  std::puts(grown > 1024 ? "memory grows" : "memory is flat");
}

// The threads' stacks are as small as some programs make them; the agent's own thread has what it needs.
void small_stacks() {
  REQUIRE(scout::install());
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, 64 * 1024) == 0);
  for (int i = 0; i < 100; ++i) {
    pthread_t thread;
    const auto work = [](void*) -> void* {
      SCOUT_BACKGROUND_TRANSACTION("small");
      SCOUT_CONTEXT("long", std::string(8000, 'x'));
      SCOUT_INSTRUMENT("work");
      for (int n = 0; n < 10; ++n) SCOUT_TAG("count", n);
      return nullptr;
    };
    REQUIRE(pthread_create(&thread, &attributes, work, nullptr) == 0);
    REQUIRE(pthread_join(thread, nullptr) == 0);
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"many", many}, {"small_stacks", small_stacks}}, argument_count, arguments);
}
