// A program that has its core agent looked after, if it is linked with looked_after.cpp. It says on standard output what happened,
// a line each; standard input tells it to go on.

#include <dirent.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "../support/agent.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{50};

template <class Work>
void timed(const char* what, Work work) {
  const auto begin = Clock::now();
  work();
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  std::printf("%s %lld us\n", what, static_cast<long long>(time.count()));
  std::fflush(stdout);
}

bool has_thread() {
  bool found = false;
  DIR* const open = opendir("/proc/self/task");
  while (const dirent* const entry = readdir(open)) {
    std::string name;
    std::getline(std::ifstream("/proc/self/task/" + std::string(entry->d_name) + "/comm"), name);
    found = found || name == "scout-launcher";
  }
  closedir(open);
  return found;
}

// A thread that is expected has a while to take its name, one that is to end a while to do it.
void say_thread(const char* who, bool expected) {
  const auto latest = Clock::now() + patience;
  bool has = has_thread();
  while (expected && !has && Clock::now() < latest) has = has_thread();
  std::printf("%s %s a thread\n", who, has ? "has" : "has not");
  std::fflush(stdout);
}

// After all handlers that were registered since main() began, those of libraries among them.
void say_thread_at_exit() {
  const auto latest = Clock::now() + std::chrono::seconds(5);  // less than a download may stall
  while (has_thread() && Clock::now() < latest) poll(nullptr, 0, 10);
  say_thread("the process that ends", false);
}

void deliver(const char* name) {
  { scout::BackgroundTransaction transaction{name}; }
  const auto latest = Clock::now() + patience;
  bool delivered = false;
  while (!delivered && Clock::now() < latest) {
    delivered = scout::flush(std::chrono::seconds(1));
    if (!delivered) poll(nullptr, 0, 20);  // it gives up soon where nobody listens
  }
  std::puts(delivered ? "delivered" : "not delivered");
  std::fflush(stdout);
}

bool go_on() { return std::getchar() == '\n'; }

// In the child a launcher is nobody's until it is asked for.
void fork_child() {
  const pid_t child = fork();
  if (child == 0) {
    { scout::BackgroundTransaction transaction{"child"}; }
    scout::flush(patience);
    say_thread("child", false);
    scout::shutdown();
    scout::install();
    say_thread("child that installs", true);
    scout::shutdown();
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child %d\n", status);
  std::fflush(stdout);
}

}  // namespace

// installs [fork] [shutdown]
int main(int count, char** arguments) {
  std::atexit(say_thread_at_exit);
  if (dup(STDIN_FILENO) < 0) return 1;  // one that whatever it starts would have
  timed("install", [] { scout::install(); });
  timed("transaction", [] { scout::BackgroundTransaction{"first"}; });
  if (count > 1 && std::string_view(arguments[1]) == "fork") {
    say_thread("parent", true);
    go_on();
    fork_child();
  }
  while (go_on()) deliver("next");
  if (count > 1 && std::string_view(arguments[1]) == "shutdown") timed("shutdown", [] { scout::shutdown(); });
  return 0;
}
