// One program for every way of building one: spans on two threads and in another source, a fork, and the drain at exit.

#include "builds.hpp"

#include <scout/agent.hpp>

#include <thread>

#include "cases.hpp"

int main() {
  REQUIRE(scout::install());
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("here");
    SCOUT_TAG("answer", 42);
    elsewhere();
    std::thread(scout::bind([] { elsewhere(); })).join();
  }
  wait_for(fork_child([] {
    { SCOUT_BACKGROUND_TRANSACTION("child"); }
    REQUIRE(scout::flush(std::chrono::seconds(50)));
  }));
}
