// A process at its limits of rings, memory, files and processes: what cannot be recorded is counted, what can be sent later is.

#include <grp.h>
#include <sys/resource.h>
#include <scout/scout.hpp>

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include "account.hpp"
#include "jobs.hpp"

namespace {

// Sets a soft limit until the end of the scope.
class Limit {
 public:
  Limit(__rlimit_resource resource, rlim_t value) : resource_(resource) {
    REQUIRE(getrlimit(resource, &before_) == 0);
    const rlimit now{value, before_.rlim_max};
    REQUIRE(setrlimit(resource, &now) == 0);
  }
  ~Limit() { setrlimit(resource_, &before_); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  __rlimit_resource resource_;
  rlimit before_;
};

rlim_t address_space() {
  unsigned long pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  REQUIRE(std::fscanf(file, "%lu", &pages) == 1);
  std::fclose(file);
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

// No room for a ring.
void memory() {
  REQUIRE(scout::install());
  const rlim_t used = address_space();
  {
    const Limit limit(RLIMIT_AS, used);
    for (int i = 0; i < 3; ++i) job("no room");
  }
  job("room again");
  REQUIRE(scout::flush(patience));
  print_account();
}

// Room for a ring, but for no thread's stack: what was recorded waits, and flush() does the work itself.
void memory_for_no_thread() {
  REQUIRE(scout::install());
  const rlim_t used = address_space();
  {
    const Limit limit(RLIMIT_AS, used + 4 * 1024 * 1024);
    for (int i = 0; i < 3; ++i) job("recorded");
    REQUIRE(thread_count() == 1);
    REQUIRE(scout::flush(patience));
    REQUIRE(thread_count() == 1);
  }
  job("recorded");
  REQUIRE(thread_count() == 2);  // tried again by the next transaction
  REQUIRE(scout::flush(patience));
  print_account();
}

// Room for rings and threads, but for nothing that the collector wants to keep: it goes on, and counts.
void memory_of_the_collector() {
  REQUIRE(scout::install());
  job("before");
  REQUIRE(scout::flush(patience));
  {
    const Limit limit(RLIMIT_DATA, 4096);
    const std::string text(1000, 'x');
    scout::BackgroundTransaction transaction{"heavy"};
    for (int span = 0; span < 1400; ++span) {
      {
        SCOUT_INSTRUMENT("tagged");
        SCOUT_TAG("text", text);
      }
      if (span % 50 == 0) (void)scout::flush(patience);  // the ring has room, the collector has none
    }
  }
  job("after");
  REQUIRE(scout::flush(patience));
  const scout::Stats stats = scout::stats();
  REQUIRE(stats.spans.dropped[scout::Reason::no_memory] + stats.dropped_tags != 0);
  print_account();
}

void files() {
  REQUIRE(scout::install());
  {
    const Limit limit(RLIMIT_NOFILE, 3);
    job("no socket");
    REQUIRE(!scout::flush(patience));
    const scout::Stats stats = scout::stats();
    REQUIRE(stats.transactions.live == 1 && !stats.connected);
    REQUIRE(stats.last_error.find("Too many open files") != std::string::npos);
  }
  job("socket");
  REQUIRE(scout::flush(patience));
  print_account();
}

// The superuser has no such limit, so it becomes somebody else. What is recorded leaves with the end of the process.
void processes() {
  constexpr gid_t nobody = 65534;
  if (geteuid() == 0) REQUIRE(setgroups(0, nullptr) == 0 && setgid(nobody) == 0 && setuid(nobody) == 0);
  REQUIRE(scout::install());
  const rlimit none{0, 0};
  REQUIRE(setrlimit(RLIMIT_NPROC, &none) == 0);
  for (int i = 0; i < 3; ++i) job("recorded");
  REQUIRE(thread_count() == 1);
}

// More spans than a ring of 128 records holds: the oldest are kept, the rest is refused at its start, counted, and named on the
// trace.
void ring() {
  REQUIRE(scout::install({.ring_size = 4096}));
  {
    // In a sleepless loop the collector may come in between, so only the account is exact, not the number refused.
    scout::WebTransaction transaction{scout::Operation{"Controller/burst"}};
    for (int i = 0; i < 1400; ++i) SCOUT_INSTRUMENT("span");
  }
  {
    scout::WebTransaction transaction{scout::Operation{"Controller/deep"}};
    scout::ScopedSpan* open[400];
    for (auto*& span : open) span = new scout::ScopedSpan{scout::Operation{"Custom/open"}};  // places, not records
    for (int i = 399; i >= 0; --i) delete open[i];
  }
  REQUIRE(scout::flush(patience));
  print_account();
  const scout::Stats stats = scout::stats();
  REQUIRE(stats.spans.dropped[scout::Reason::ring_full] >= 400 - 128);
  REQUIRE(stats.spans.started == 1800);
}

// What a transaction has no room for is told while the program runs, and at exit.
void lost() {
  static std::atomic<bool> told = false;
  REQUIRE(scout::install({.log_callback = [](scout::LogLevel, std::string_view, std::string_view message) {
    std::printf("%.*s\n", static_cast<int>(message.size()), message.data());
    if (!message.starts_with("lost: ")) return;
    told = true;
    told.notify_one();
  }}));
  {
    scout::WebTransaction transaction{scout::Operation{"Controller/capped"}};
    for (int i = 0; i < 1510; ++i) SCOUT_INSTRUMENT("span");
  }
  told.wait(false);
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"ring", ring},
                   {"lost", lost},
                   {"memory", memory},
                   {"memory_of_the_collector", memory_of_the_collector},
                   {"memory_for_no_thread", memory_for_no_thread},
                   {"files", files},
                   {"processes", processes}},
                  argument_count, arguments);
}
