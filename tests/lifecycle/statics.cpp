// Code that runs before and after main(): static initialisers and destructors, thread_local destructors, handlers of
// atexit() from before and after ours. A static object installs the agent; what ran before it is not recorded.

#include <scout/scout.hpp>

#include <cstdlib>
#include <thread>

#include "jobs.hpp"

namespace {

struct TooEarly {
  TooEarly() {
    job("too early");
    std::atexit([] { job("handler from before install"); });
  }
  ~TooEarly() { job("destructor of the first object"); }
} too_early;

struct Installer {
  Installer() {
    if (!scout::install()) std::abort();
  }
} installer;

struct Recorder {
  Recorder() { job("initialiser"); }
  ~Recorder() { job("destructor"); }
} recorder;

struct OfThread {
  ~OfThread() { job("thread_local destructor"); }
  void touch() {}
};
thread_local OfThread of_thread;

}  // namespace

int main() {
  std::atexit([] { job("handler from after install"); });
  of_thread.touch();
  std::thread([] {
    of_thread.touch();
    job("thread");
  }).join();
  job("main");
}
