// Counts the instructions that a span executes: a child process runs each body once, after it is warm, and is stepped through
// by its parent, instruction by instruction. Fails when it is not what is written down, give or take two.
//
//   executed [INSTRUCTIONS]

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <scout/sink/null_sink.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "../support/agent.hpp"
#include "bodies.hpp"

namespace {

using Body = void (*)(FloorRing&);
constexpr struct {
  const char* name;
  Body body;
} bodies[] = {{"nothing", count_nothing}, {"floor", count_floor}, {"span", count_span}, {"span with a tag", count_span_with_tag}};

FloorRing ring;

[[gnu::noinline]] void begin() { asm volatile("" ::: "memory"); }
[[gnu::noinline]] void end() { asm volatile("" ::: "memory"); }

[[gnu::noinline]] void run(Body body) {
  begin();
  body(ring);
  end();
}

// The traced process.
int child() {
  static scout::NullSink sink;
  if (!scout::install({.key = "test", .name = "test", .monitor = true}, sink)) return 1;
  SCOUT_BACKGROUND_TRANSACTION("count");
  for (const auto& counted : bodies) counted.body(ring);
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  for (const auto& counted : bodies) run(counted.body);
  _exit(0);
}

bool step(pid_t process) {
  int status = 0;
  return ptrace(PTRACE_SINGLESTEP, process, nullptr, nullptr) == 0 && waitpid(process, &status, 0) == process &&
         WIFSTOPPED(status);
}

// Steps until the process stands at `function`; the steps it took, or -1.
long steps_to(pid_t process, void (*function)()) {
  for (long steps = 0; step(process); ++steps) {
    const long at = ptrace(PTRACE_PEEKUSER, process, offsetof(user_regs_struct, rip), nullptr);
    if (static_cast<std::uintptr_t>(at) == reinterpret_cast<std::uintptr_t>(function)) return steps;
  }
  return -1;
}

}  // namespace

int main(int argument_count, char** arguments) {
  constexpr int skipped = 77;
  const pid_t process = fork();
  if (process == 0) return child();
  int status = 0;
  if (process < 0 || waitpid(process, &status, 0) != process || !WIFSTOPPED(status)) return skipped;
  long around = 0, of_a_span = 0;
  for (const auto& counted : bodies) {
    if (steps_to(process, begin) < 0) return skipped;
    const long steps = steps_to(process, end);
    if (steps < 0) return 1;
    if (counted.body == count_nothing) around = steps;
    if (counted.body == count_span) of_a_span = steps - around;
    std::printf("%-16s %3ld instructions executed\n", counted.name, steps - around);
  }
  kill(process, SIGKILL);
  waitpid(process, &status, 0);
  if (argument_count < 2 || std::labs(of_a_span - std::atol(arguments[1])) <= 2) return 0;
  std::printf("written down for a span: %s\n", arguments[1]);
  return 1;
}
