// Processes that fork, from any thread at any moment. A child sends what it records itself, once; what was open or queued in
// the parent is the parent's.

#include <sys/syscall.h>
#include <scout/scout.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "account.hpp"
#include "jobs.hpp"

namespace {

// The allocators of gcc 12's sanitizers cannot be forked while another thread allocates: there, the collector is made to
// wait for work first.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool quiet_before_fork = true;
#else
constexpr bool quiet_before_fork = false;
#endif

void install() { REQUIRE(scout::install()); }

void prefork() {
  install();
  REQUIRE(thread_count() == 1);  // nothing that a fork could break before there is work
  std::vector<pid_t> workers;
  for (int i = 0; i < 4; ++i) {
    workers.push_back(fork_child([] {
      for (int n = 0; n < 25; ++n) job("worker");
      REQUIRE(scout::flush(patience));
      print_account();
    }));
  }
  for (const pid_t worker : workers) wait_for(worker);
  job("master");
  REQUIRE(scout::flush(patience));
  print_account();
}

// The child records a transaction of its own and leaves the inherited scopes. What the parent had open is the parent's; the
// child counts it as forked.
void inside_a_span() {
  install();
  { SCOUT_BACKGROUND_TRANSACTION("before"); }  // may still be queued at the fork: it must arrive once
  pid_t child = 0;
  {
    SCOUT_BACKGROUND_TRANSACTION("parent");
    scout::ScopedSpan open("open");
    if (quiet_before_fork) REQUIRE(scout::flush(patience));
    child = fork();
    if (child == 0) {
      // The span is the parent's, and the child is in no transaction.
      REQUIRE(!open.tag("rows", 1) && !open.tag("text", "longer than sixteen characters"));
      SCOUT_INSTRUMENT("nothing here");
      job("child");
    } else {
      wait_for(child);
    }
  }
  REQUIRE(scout::flush(patience));
  if (child != 0) return print_account();
  const scout::Stats stats = scout::stats();
  const bool right = stats.transactions.balanced() && stats.spans.balanced() && stats.transactions.delivered == 1 &&
                     stats.transactions.dropped[scout::Reason::forked] == 1 && stats.spans.delivered == 1 &&
                     stats.spans.dropped[scout::Reason::forked] == 1;
  if (!right) print_account();
  REQUIRE(right);
  _exit(0);
}

void while_others_record() {
  install();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 250; ++n) job("thread");
    });
  }
  for (int i = 0; i < 8; ++i) wait_for(fork_child(record_in_child));
  for (auto& thread : threads) thread.join();
  REQUIRE(scout::flush(patience));
  print_account();
}

void from_threads() {
  install();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 4; ++n) {
        SCOUT_BACKGROUND_TRANSACTION("parent");
        SCOUT_INSTRUMENT("fork");
        wait_for(fork_child(record_in_child));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(scout::flush(patience));
  print_account();
}

void during_flush() {
  install();
  std::thread flusher([] {
    for (int n = 0; n < 200; ++n) {
      job("flusher");
      REQUIRE(scout::flush(patience));
    }
  });
  for (int i = 0; i < 20; ++i) wait_for(fork_child(record_in_child));
  flusher.join();
  print_account();
}

// Each time in a process that has never connected, right after the transaction that starts the thread.
void during_connect() {
  install();
  for (int i = 0; i < 20; ++i) {
    wait_for(fork_child([] {
      job("first");
      wait_for(fork_child(record_in_child));
      REQUIRE(scout::flush(patience));
      REQUIRE(scout::stats().transactions.delivered == 1);
    }));
  }
}

// Without the handlers of pthread_atfork.
void without_handlers() {
  install();
  job("before");
  REQUIRE(scout::flush(patience));
  {
    SCOUT_BACKGROUND_TRANSACTION("parent");
    SCOUT_INSTRUMENT("open");
    const pid_t child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {
      record_in_child();
      _exit(0);
    }
    wait_for(child);
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

// What the child calls first need not be what records.
void configured_in_the_child() {
  install();
  job("parent");
  REQUIRE(scout::flush(patience));
  wait_for(fork_child([] {
    scout::configure({.sample_rate = 1});
    record_in_child();
  }));
}

// A child that is killed in the middle leaves the parent as it was.
void child_is_killed() {
  install();
  SCOUT_BACKGROUND_TRANSACTION("parent");
  SCOUT_INSTRUMENT("work");
  const pid_t child = fork_child([] {
    SCOUT_BACKGROUND_TRANSACTION("never ends");
    raise(SIGKILL);
  });
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"inside_a_span", inside_a_span},
                   {"prefork", prefork},
                   {"while_others_record", while_others_record},
                   {"from_threads", from_threads},
                   {"during_flush", during_flush},
                   {"during_connect", during_connect},
                   {"without_handlers", without_handlers},
                   {"configured_in_the_child", configured_in_the_child},
                   {"child_is_killed", child_is_killed}},
                  argument_count, arguments);
}
