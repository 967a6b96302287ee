// The first transaction is that of a thread which has bound itself to a processor and runs behind others; or which may make
// no such calls, on pain of death. Where the background thread runs then.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "account.hpp"
#include "jobs.hpp"

namespace {

// -1: there is none.
pid_t background_thread() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (name == "scout") return std::stoi(entry.path().filename());
  }
  return -1;
}

struct Placement {
  cpu_set_t processors;
  int policy;
};

// 0: the calling thread.
Placement placement_of(pid_t thread) {
  Placement found;
  REQUIRE(sched_getaffinity(thread, sizeof found.processors, &found.processors) == 0);
  found.policy = sched_getscheduler(thread);
  return found;
}

void step_aside() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  const sched_param parameters{};
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0 && sched_setscheduler(0, SCHED_BATCH, &parameters) == 0);
}

void forbid_scheduling_calls() {
  const auto is = [](unsigned call, unsigned char forbidden) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, forbidden, 0);
  };
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      is(SYS_sched_getaffinity, 5),
      is(SYS_sched_setaffinity, 4),
      is(SYS_sched_getscheduler, 3),
      is(SYS_sched_setscheduler, 2),
      is(SYS_sched_getparam, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog program{sizeof filter / sizeof *filter, filter};
  REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
}

// The first transaction; returns where its thread was. `prepare` is the last that this does before.
Placement record_aside(void (*prepare)()) {
  Placement own;
  std::thread([&] {
    step_aside();
    own = placement_of(0);
    prepare();
    job("first");
  }).join();
  REQUIRE(scout::flush(patience));
  return own;
}

void expect_background_at(const Placement& expected) {
  const pid_t thread = background_thread();
  REQUIRE(thread > 0);
  const Placement found = placement_of(thread);
  REQUIRE(CPU_EQUAL(&found.processors, &expected.processors));
  REQUIRE(found.policy == expected.policy);
}

void as_installed() {
  const bool filtered = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0;  // by whoever runs this
  const Placement here = placement_of(0);
  REQUIRE(scout::install());
  const auto record_and_look = [&] {
    const Placement of_first = record_aside([] {});
    expect_background_at(filtered ? of_first : here);
  };
  record_and_look();
  wait_for(fork_child(record_and_look));
  print_account();
}

void under_a_filter() {
  REQUIRE(scout::install());
  expect_background_at(record_aside(forbid_scheduling_calls));
  print_account();
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"as_installed", as_installed}, {"under_a_filter", under_a_filter}}, argument_count, arguments);
}
