// A process that does everything at once for a while: transactions on threads that stay and on threads that come and go,
// forks, plugins that are opened and closed. Each second it stops for a moment and states its account, for soak.py.
// Arguments: seconds, the plugin.

#include <dlfcn.h>
#include <scout/collect/process_metrics.hpp>
#include <scout/scout.hpp>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "account.hpp"
#include "cases.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::atomic<bool> over{false};
std::atomic<unsigned> forks{0}, failed_children{0}, short_threads{0}, plugins{0};
std::shared_mutex gate;  // shared: something is being recorded

void job(const char* name) {
  scout::BackgroundTransaction transaction{name};
  SCOUT_CONTEXT("plan", "free");
  for (int i = 0; i < 5; ++i) {
    SCOUT_INSTRUMENT("Query", "SQL");
    SCOUT_TAG("rows", i);
  }
}

// Until the end, with pauses in which the account may be taken.
template <class Work>
std::thread again_and_again(Clock::duration pause, Work work) {
  return std::thread([=] {
    while (!over) {
      {
        std::shared_lock lock(gate);
        work();
      }
      std::this_thread::sleep_for(pause);
    }
  });
}

void short_thread() {
  std::thread([] { job("short"); }).join();
  ++short_threads;
}

void open_plugin(const char* path) {
  void* const plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(plugin != nullptr);
  {
    SCOUT_BACKGROUND_TRANSACTION("plugin");
    reinterpret_cast<bool (*)(void (*)())>(dlsym(plugin, "plugin_work"))([] {});
  }
  dlclose(plugin);
  ++plugins;
}

void fork_and_record() {
  const pid_t child = fork_child([] {
    job("child");
    (void)scout::flush(500ms);
    const scout::Stats stats = scout::stats();
    REQUIRE(stats.transactions.balanced() && stats.spans.balanced() && stats.transactions.started >= 1);
  });
  int status = 0;
  waitpid(child, &status, 0);
  failed_children += status != 0;
  ++forks;
}

void state() {
  std::unique_lock lock(gate);
  const int threads = thread_count();
  const int descriptors = entries_in("/proc/self/fd");
  print_account();
  std::printf("state rss_kib=%ld descriptors=%d threads=%d forks=%u failed_children=%u short_threads=%u plugins=%u\n",
              scout::detail::resident_memory() / 1024, descriptors, threads, forks.load(), failed_children.load(),
              short_threads.load(), plugins.load());
  std::fflush(stdout);
}

}  // namespace

int main(int, char** arguments) {
  REQUIRE(scout::install({.log_level = "off"}));
  const char* const plugin = arguments[2];
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.push_back(again_and_again(1ms, [] { job("worker"); }));
  threads.push_back(again_and_again(2ms, short_thread));
  threads.push_back(again_and_again(50ms, [plugin] { open_plugin(plugin); }));
  threads.push_back(again_and_again(100ms, fork_and_record));
  for (int second = 0; second < std::atoi(arguments[1]); ++second) {
    std::this_thread::sleep_for(1s);
    state();
  }
  over = true;
  for (auto& thread : threads) thread.join();
  std::puts("work is over");  // from here on the core agent is left alone
  std::fflush(stdout);
  std::getchar();
  job("last");
  const bool flushed = scout::flush(30s);
  state();
  return flushed ? 0 : 1;
}
