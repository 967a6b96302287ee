// The explorer itself: it finds what the memory model allows, and nothing else.

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <set>
#include <string>

#include "explorer.hpp"

namespace {

struct Places {
  std::uint64_t x, y, flag;
  pthread_mutex_t mutex;
};

// The same memory for all tests; each execution finds it zeroed.
Places& places() {
  static auto* const memory =
      static_cast<Places*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  return *memory;
}

template <int order>
std::uint64_t load(const std::uint64_t& from) {
  return __atomic_load_n(&from, order);
}
template <int order>
void store(std::uint64_t& to, std::uint64_t value) {
  __atomic_store_n(&to, value, order);
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// A message in plain memory, and a flag that says so.
template <int publish, int look>
model::Outcome message_passing() {
  Places& at = places();
  return model::explore({.set_up = [] {},
                         .threads = {[&] {
                                       at.x = 1;
                                       store<publish>(at.flag, 1);
                                     },
                                     [&] {
                                       if (load<look>(at.flag) == 1) model::require(at.x == 1, "an old message");
                                     }},
                         .judge = [] {}});
}

}  // namespace

TEST_SUITE_BEGIN("model_check/explorer");

TEST_CASE("what is released is there for whoever acquires it") {
  const auto outcome = message_passing<__ATOMIC_RELEASE, __ATOMIC_ACQUIRE>();
  CHECK(outcome.violation == "");
  CHECK(outcome.executions >= 2);
}

TEST_CASE("relaxed on either side is found") {
  CHECK(has(message_passing<__ATOMIC_RELAXED, __ATOMIC_ACQUIRE>().violation, "a data race"));
  CHECK(has(message_passing<__ATOMIC_RELEASE, __ATOMIC_RELAXED>().violation, "a data race"));
}

TEST_CASE("a load may see an old store: each of two threads may miss the other's") {
  Places& at = places();
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::uint64_t left = 0, right = 0;
  const auto outcome = model::explore({.set_up = [] {},
                                       .threads = {[&] {
                                                     store<__ATOMIC_RELEASE>(at.x, 1);
                                                     left = load<__ATOMIC_ACQUIRE>(at.y);
                                                   },
                                                   [&] {
                                                     store<__ATOMIC_RELEASE>(at.y, 1);
                                                     right = load<__ATOMIC_ACQUIRE>(at.x);
                                                   }},
                                       .judge = [&] { seen.emplace(left, right); }});
  CHECK(outcome.violation == "");
  CHECK(seen == std::set<std::pair<std::uint64_t, std::uint64_t>>{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
}

TEST_CASE("a process-wide barrier on one side is enough that one of them sees") {
  Places& at = places();
  std::uint64_t left = 0, right = 0;
  const auto outcome = model::explore({.set_up = [] {},
                                       .threads = {[&] {
                                                     store<__ATOMIC_RELAXED>(at.x, 1);
                                                     left = load<__ATOMIC_RELAXED>(at.y);
                                                   },
                                                   [&] {
                                                     store<__ATOMIC_RELAXED>(at.y, 1);
                                                     model::process_wide_barrier();
                                                     right = load<__ATOMIC_RELAXED>(at.x);
                                                   }},
                                       .judge = [&] { model::require(left == 1 || right == 1, "neither saw the other"); }});
  CHECK(outcome.violation == "");
}

TEST_CASE("a process-wide barrier may come between a thread's load and its store") {
  Places& at = places();
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::uint64_t left = 0, right = 0;
  const auto outcome = model::explore({.set_up = [] {},
                                       .threads = {[&] {
                                                     left = load<__ATOMIC_RELAXED>(at.y);
                                                     store<__ATOMIC_RELAXED>(at.x, 1);
                                                   },
                                                   [&] {
                                                     store<__ATOMIC_RELAXED>(at.y, 1);
                                                     model::process_wide_barrier();
                                                     right = load<__ATOMIC_RELAXED>(at.x);
                                                   }},
                                       .judge = [&] { seen.emplace(left, right); }});
  CHECK(outcome.violation == "");
  CHECK(seen == std::set<std::pair<std::uint64_t, std::uint64_t>>{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
}

TEST_CASE("a sequentially consistent access is refused") {
  Places& at = places();
  const auto look = [&] { (void)load<__ATOMIC_SEQ_CST>(at.x); };
  CHECK(has(model::explore({[] {}, {look, look}, [] {}}).violation, "sequentially consistent"));
}

TEST_CASE("one thread never sees a place go back") {
  Places& at = places();
  const auto outcome = model::explore({.set_up = [] {},
                                       .threads = {[&] {
                                                     for (std::uint64_t i = 1; i <= 3; ++i) store<__ATOMIC_RELAXED>(at.x, i);
                                                   },
                                                   [&] {
                                                     const std::uint64_t first = load<__ATOMIC_RELAXED>(at.x);
                                                     model::require(load<__ATOMIC_RELAXED>(at.x) >= first, "back");
                                                   }},
                                       .judge = [] {}});
  CHECK(outcome.violation == "");
  CHECK(outcome.executions >= 10);  // pairs of values that do not go back
}

TEST_CASE("additions are not lost; a load and a store in their place lose some") {
  Places& at = places();
  const auto add = [&] { __atomic_fetch_add(&at.x, 1, __ATOMIC_RELAXED); };
  const auto add_in_two = [&] { store<__ATOMIC_RELAXED>(at.x, load<__ATOMIC_RELAXED>(at.x) + 1); };
  const auto judge = [&] { model::require(load<__ATOMIC_RELAXED>(at.x) == 2, "lost"); };
  CHECK(model::explore({[] {}, {add, add}, judge}).violation == "");
  CHECK(has(model::explore({[] {}, {add_in_two, add_in_two}, judge}).violation, "lost"));
}

TEST_CASE("who holds a mutex is alone; mutexes taken crosswise are a deadlock") {
  Places& at = places();
  const auto count = [&] {
    pthread_mutex_lock(&at.mutex);
    at.x = at.x + 1;
    pthread_mutex_unlock(&at.mutex);
  };
  const auto judge = [&] { model::require(at.x == 3, "lost"); };
  CHECK(model::explore({[] {}, {count, count, count}, judge}).violation == "");
  static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
  const auto both = [&](pthread_mutex_t& first, pthread_mutex_t& second) {
    pthread_mutex_lock(&first);
    pthread_mutex_lock(&second);
    pthread_mutex_unlock(&second);
    pthread_mutex_unlock(&first);
  };
  CHECK(has(model::explore({[] {}, {[&] { both(at.mutex, other); }, [&] { both(other, at.mutex); }}, [] {}}).violation,
            "a deadlock"));
}

TEST_CASE("an execution without end is found") {
  Places& at = places();
  const auto outcome = model::explore({[] {},
                                       {[&] {
                                          while (load<__ATOMIC_RELAXED>(at.x) == 0) {
                                          }
                                        },
                                        [&] { store<__ATOMIC_RELAXED>(at.x, 0); }},
                                       [] {}});
  CHECK(has(outcome.violation, "an execution without end"));
}

TEST_CASE("a signal handler comes before any access of the first thread, plain or atomic, or not at all") {
  Places& at = places();
  std::set<std::string> seen;
  std::string values;
  const auto see = [&](std::uint64_t value) { values += value == 0 ? '-' : 'h'; };
  const auto outcome = model::explore({.set_up = [&] { values.clear(); },
                                       .threads = {[&] {
                                         see(at.x);
                                         see(at.y);
                                         see(load<__ATOMIC_RELAXED>(at.flag));
                                       }},
                                       .judge = [&] { seen.insert(values); },
                                       .handler = [&] { at.x = at.y = at.flag = 1; }});
  CHECK(outcome.violation == "");
  CHECK(seen == std::set<std::string>{"hhh", "-hh", "--h", "---"});
  CHECK(outcome.executions == 4);
}

TEST_SUITE_END();
