// What a span costs that is not recorded: where nothing is installed, where the agent is installed and monitors nothing, and
// outside of a transaction; in a program, and in a shared object. Each state is a process of its own, and all take turns.

#include "disabled.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "../support/agent.hpp"
#include "../support/object.hpp"

namespace {

constexpr int calls = 10'000;

double program_block() {
  return bench::block(calls, [] { SCOUT_INSTRUMENT("span"); });
}
double object_block() {
  return bench::timed(calls, [] { spans_in_object(calls); });
}

// A process in one state, which runs blocks when it is asked to.
class State {
 public:
  explicit State(void (*enter)()) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets_.data()) != 0) std::abort();
    process_ = fork();
    if (process_ == 0) serve(enter);
    close(sockets_[1]);
  }
  ~State() {
    close(sockets_[0]);
    waitpid(process_, nullptr, 0);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  double run(double (*block)()) const {
    double nanoseconds = 0;
    if (write(sockets_[0], &block, sizeof block) != sizeof block ||
        read(sockets_[0], &nanoseconds, sizeof nanoseconds) != sizeof nanoseconds) {
      std::fputs("a process has ended\n", stderr);
      std::exit(1);
    }
    return nanoseconds;
  }

 private:
  [[noreturn]] void serve(void (*enter)()) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(sockets_[0]);
    enter();
    double (*block)() = nullptr;  // at the same place in a forked process
    while (read(sockets_[1], &block, sizeof block) == sizeof block) {
      const double nanoseconds = block();
      if (write(sockets_[1], &nanoseconds, sizeof nanoseconds) != sizeof nanoseconds) break;
    }
    _exit(0);
  }

  std::array<int, 2> sockets_{};
  pid_t process_ = -1;
};

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("disabled", count, arguments);
  const State not_installed([] {});
  const State not_monitoring([] { bench::install_without_monitoring(); });
  const State outside([] { bench::install(); });
  suite.row("empty loop", [&] { return not_installed.run([] { return bench::block(calls, [] {}); }); });
  suite.row("compiled out", [&] { return not_installed.run([] { return compiled_out_block(calls); }); });
  suite.floor("empty loop");
  const auto add = [&](const std::string& name, const State& state) {
    const std::string in_object = name + ", object";
    suite.row(name, [&state] { return state.run(program_block); });
    suite.row(in_object, [&state] { return state.run(object_block); });
    suite.figure(name, "ns", bench::at_most(0.6), [=](const bench::Round& round) { return round.median(name); });
    suite.figure(in_object, "ns", bench::at_most(3.5), [=](const bench::Round& round) { return round.median(in_object); });
  };
  add("not installed", not_installed);
  add("monitor off", not_monitoring);
  add("outside of a transaction", outside);
  suite.run(200);
  return suite.report();
}
