#include <scout/buffer/registry_lookup.hpp>

#include <scout/sink/null_sink.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../../support/agent.hpp"

using namespace scout::detail;

TEST_SUITE_BEGIN("buffer/registry");

TEST_CASE("there is one registry, and it is there before main") {
  Registry* const registry = registry_slot;
  REQUIRE(registry != nullptr);
  CHECK(find_registry() == registry);
  CHECK(resolve_registry() == registry);
}

TEST_CASE("a note of another version or another owner, or a broken one, is passed over") {
  struct Note {
    std::uint32_t name_size, content_size, type;
    char name[8];
    std::uint32_t distance[2];  // 8 bytes, aligned to 4
  } note{6, 8, registry_note_type, "scout", {100, 0}};
  static_assert(sizeof note == 28);
  const auto* const bytes = reinterpret_cast<const char*>(&note);
  CHECK(reinterpret_cast<std::uintptr_t>(slot_in_notes(bytes, 28)) == reinterpret_cast<std::uintptr_t>(&note.distance) + 100);
  CHECK(slot_in_notes(bytes, 27) == nullptr);
  CHECK(slot_in_notes(bytes, 0) == nullptr);
  note.type = registry_note_type + 1;
  CHECK(slot_in_notes(bytes, 28) == nullptr);
  note.type = registry_note_type;
  std::memcpy(note.name, "other", 6);
  CHECK(slot_in_notes(bytes, 28) == nullptr);
  note.content_size = 0xffffff00;
  CHECK(slot_in_notes(bytes, 28) == nullptr);
}

TEST_CASE("threads have a ring of their own while they live, and leave it to later ones") {
  static scout::NullSink sink;
  REQUIRE(scout::install({.key = "k", .name = "n", .monitor = true}, sink));
  std::set<ThreadBuffer*> together;
  std::vector<std::thread> threads;
  int arrived = 0, leave = 0;
  ThreadBuffer* buffers[8] = {};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      { SCOUT_BACKGROUND_TRANSACTION("touch"); }
      buffers[i] = thread_buffer;
      __atomic_fetch_add(&arrived, 1, __ATOMIC_RELEASE);
      while (__atomic_load_n(&leave, __ATOMIC_ACQUIRE) == 0) std::this_thread::yield();
    });
  }
  while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) != 8) std::this_thread::yield();
  together.insert(std::begin(buffers), std::end(buffers));
  CHECK(together.size() == 8);
  __atomic_store_n(&leave, 1, __ATOMIC_RELEASE);
  for (auto& thread : threads) thread.join();
  scout::stats();  // looks at the rings, and sees whose owner has ended
  const std::uint32_t mapped = registry_slot->buffer_count;
  for (int i = 0; i < 200; ++i) {
    std::thread([] { SCOUT_BACKGROUND_TRANSACTION("short"); }).join();
    scout::stats();
  }
  CHECK(registry_slot->buffer_count == mapped);
  scout::shutdown();
}

TEST_CASE("transactions that fill the slots wake the collector in time, once until it looks") {
  struct Hooks : AgentHooks {
    int wakes;
  } hooks{};
  hooks.wake = [](AgentHooks& self) noexcept {
    ++static_cast<Hooks&>(self).wakes;
    store(registry_slot->process->sleeping, 0u);
  };
  const auto record = [](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      SCOUT_BACKGROUND_TRANSACTION("short");
    }
  };
  static scout::NullSink sink;
  REQUIRE(scout::install({.key = "k", .name = "n", .monitor = true}, sink));
  const auto before = scout::stats().transactions;
  AgentHooks* const installed = registry_slot->hooks;
  __atomic_store_n(&registry_slot->hooks, static_cast<AgentHooks*>(&hooks), __ATOMIC_RELEASE);
  record(slot_count / 2);
  CHECK(hooks.wakes == 1);  // the first, and nobody has looked since
  record(100);
  CHECK(hooks.wakes == 2);
  record(slot_count / 2 - 100);
  CHECK(hooks.wakes == 2);
  __atomic_store_n(&registry_slot->hooks, installed, __ATOMIC_RELEASE);
  CHECK(scout::flush(std::chrono::seconds(10)));
  CHECK(scout::stats().transactions.delivered == before.delivered + slot_count);
  CHECK(scout::stats().transactions.dropped.total() == before.dropped.total());
  scout::shutdown();
}

TEST_SUITE_END();
