#include <scout/buffer/transaction_slots.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <thread>
#include <vector>

using namespace scout::detail;

namespace {

struct Free {
  void operator()(TransactionSlots* slots) const { std::free(slots); }
};

// As the registry has them: zeroed memory.
std::unique_ptr<TransactionSlots, Free> make_slots() {
  void* const memory = std::aligned_alloc(alignof(TransactionSlots), sizeof(TransactionSlots));
  __builtin_memset(memory, 0, sizeof(TransactionSlots));
  return std::unique_ptr<TransactionSlots, Free>(static_cast<TransactionSlots*>(memory));
}

void go_live(TransactionSlots& slots, TransactionSlot& slot) {
  __atomic_store_n(&slot.phase, TransactionSlot::live_phase(ContextWord::root_of(slots.transaction(slot))), __ATOMIC_RELEASE);
}

}  // namespace

TEST_SUITE_BEGIN("buffer/transaction_slots");

TEST_CASE("all slots can be taken, each once, and a released one again") {
  const auto slots = make_slots();
  std::set<TransactionSlot*> taken;
  for (std::uint32_t i = 0; i < slot_count; ++i) taken.insert(slots->acquire(i));
  CHECK(taken.size() == slot_count);
  CHECK(taken.count(nullptr) == 0);
  CHECK(slots->acquire(0) == nullptr);
  slots->release((*slots)[1234]);
  CHECK(slots->acquire(0) == &(*slots)[1234]);
}

TEST_CASE("a context finds its transaction while it is live, and never that of the slot's next one") {
  const auto slots = make_slots();
  TransactionSlot& slot = *slots->acquire(0);
  const ContextWord context = ContextWord::root_of(slots->transaction(slot));
  CHECK(context.in_transaction());
  CHECK(slots->find(context) == nullptr);
  go_live(*slots, slot);
  CHECK(slots->find(context) == &slot);
  slots->release(slot);
  CHECK(slots->find(context) == nullptr);
  TransactionSlot& again = *slots->acquire(0);
  REQUIRE(&again == &slot);
  go_live(*slots, again);
  CHECK(slots->find(context) == nullptr);
}

TEST_CASE("the generation of a slot wraps around without ever making an empty context") {
  const auto slots = make_slots();
  TransactionSlot& slot = *slots->acquire(0);
  store(slot.generation, 0xfffffu);
  slots->release(slot);
  REQUIRE(slots->acquire(0) == &slot);
  CHECK(ContextWord::root_of(slots->transaction(slot)).in_transaction());
}

TEST_CASE("slots are crowded when more than half of those are taken that live transactions leave") {
  const auto slots = make_slots();
  const auto take = [&](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) REQUIRE(slots->acquire(0) != nullptr);
  };
  take(slot_count / 2);
  CHECK_FALSE(slots->crowded());
  take(1);
  CHECK(slots->crowded());
  slots->set_live(1000);  // the rest has ended
  CHECK_FALSE(slots->crowded());
  take(499);
  CHECK_FALSE(slots->crowded());
  take(1);
  CHECK(slots->crowded());
  take(slot_count / 2 - 501);
  slots->set_live(slot_count);  // nothing that the collector could free
  CHECK_FALSE(slots->crowded());
}

TEST_CASE("in a forked child all slots are free, and the live ones are counted") {
  const auto slots = make_slots();
  go_live(*slots, *slots->acquire(0));
  go_live(*slots, *slots->acquire(0));
  slots->acquire(0);  // starting
  CHECK(slots->reset() == 2);
  CHECK_FALSE(slots->any_taken());
}

TEST_CASE("threads that take and release slots never share one") {
  const auto slots = make_slots();
  std::vector<std::thread> threads;
  std::vector<int> owners(slot_count, 0);
  int shared = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20'000; ++i) {
        TransactionSlot* const slot = slots->acquire(0);
        int& owner = owners[slots->index(*slot)];
        if (__atomic_exchange_n(&owner, thread + 1, __ATOMIC_RELAXED) != 0) __atomic_fetch_add(&shared, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&owner, 0, __ATOMIC_RELAXED);
        slots->release(*slot);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(shared == 0);
  CHECK_FALSE(slots->any_taken());
}

TEST_SUITE_END();
