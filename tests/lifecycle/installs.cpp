// install() and shutdown() in every order, and not at all.

#include <scout/scout.hpp>

#include <atomic>
#include <string>
#include <thread>

#include "account.hpp"
#include "jobs.hpp"

namespace {

const int inherited_descriptors = entries_in("/proc/self/fd");

void none() {
  for (int i = 0; i < 100; ++i) job("nobody looks");
  REQUIRE(scout::flush(patience));
  scout::shutdown();
  REQUIRE(thread_count() == 1);
  REQUIRE(entries_in("/proc/self/fd") == inherited_descriptors);
  print_account();
}

void monitor_off() {
  setenv("SCOUT_MONITOR", "false", 1);
  REQUIRE(!scout::install());
  none();
}

void twice() {
  REQUIRE(scout::install());
  job("first");
  REQUIRE(!scout::install({.name = "second", .log_level = "off"}));
  job("second");
  REQUIRE(scout::flush(patience));
  print_account();
}

// The parent is no monitored process at all until its child has ended.
void after_fork() {
  job("too early");
  wait_for(fork_child([] {
    REQUIRE(scout::install());
    job("child");
    REQUIRE(scout::flush(patience));
    print_account();
  }));
  REQUIRE(scout::install());
  job("parent");
  REQUIRE(scout::flush(patience));
}

// A child sends where its parent does, whatever configure() was told.
void configured_before_fork() {
  const std::string address = getenv("SCOUT_CORE_AGENT_SOCKET_PATH");
  unsetenv("SCOUT_CORE_AGENT_SOCKET_PATH");
  REQUIRE(scout::install({.core_agent_socket_path = address}));
  scout::configure({.core_agent_socket_path = address + ".other"});
  job("parent");
  REQUIRE(scout::flush(patience));
  wait_for(fork_child([] {
    job("child");
    REQUIRE(scout::flush(patience));
  }));
}

// The child of a monitored process inherits the installation; what it shuts down is its own.
void shutdown_in_child() {
  REQUIRE(scout::install());
  job("parent");
  wait_for(fork_child([] {
    REQUIRE(!scout::install({.log_level = "off"}));
    job("child");
    scout::shutdown();
    job("nobody looks");
    REQUIRE(scout::install());
    job("child again");
    scout::shutdown();
  }));
  job("parent");
  REQUIRE(scout::flush(patience));
  print_account();
}

void shutdown_twice() {
  REQUIRE(scout::install());
  job("first");
  scout::shutdown();
  scout::shutdown();
  job("nobody looks");
  REQUIRE(thread_count() == 1);
  print_account();
}

void again_and_again() {
  for (int i = 0; i < 20; ++i) {
    REQUIRE(scout::install());
    job("round");
    scout::shutdown();
    job("nobody looks");
  }
  REQUIRE(thread_count() == 1);
  REQUIRE(entries_in("/proc/self/fd") == inherited_descriptors);
  print_account();
}

// A transaction that begins under one installation and ends under the next.
void across_installations() {
  REQUIRE(scout::install());
  {
    SCOUT_BACKGROUND_TRANSACTION("across");
    SCOUT_INSTRUMENT("across");
    scout::shutdown();
    REQUIRE(scout::install());
  }
  job("second");
  REQUIRE(scout::flush(patience));
  print_account();
}

// One that records already does not take the process for a forked one.
void beside_a_thread() {
  std::atomic<bool> ends = false;
  std::thread thread([&] {
    while (!ends) job("any");
  });
  REQUIRE(scout::install());
  ends = true;
  thread.join();
  job("after");
  REQUIRE(scout::flush(patience));
  print_account();
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"none", none},
                   {"monitor_off", monitor_off},
                   {"twice", twice},
                   {"after_fork", after_fork},
                   {"configured_before_fork", configured_before_fork},
                   {"shutdown_in_child", shutdown_in_child},
                   {"shutdown_twice", shutdown_twice},
                   {"again_and_again", again_and_again},
                   {"across_installations", across_installations},
                   {"beside_a_thread", beside_a_thread}},
                  argument_count, arguments);
}
