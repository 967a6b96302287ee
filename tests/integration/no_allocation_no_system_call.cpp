// After its first use of scout, an application thread neither allocates nor calls the system for transactions, spans and
// tags, but to wake a sleeping collector: malloc is interposed, and a seccomp filter on the thread kills the process.

#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <scout/sink/null_sink.hpp>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "../../benchmarks/transaction/web_request.hpp"
#include "../support/agent.hpp"
#include "../support/counted_malloc.hpp"

namespace {

// Kills the process at any system call of this thread but futex(FUTEX_WAKE_PRIVATE).
bool forbid_system_calls() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_WAKE_PRIVATE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof filter / sizeof *filter, filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

struct Values {
  std::string text = "a text that is longer than the sixteen bytes of a record";
  std::vector<int> numbers{1, 2, 3};
  std::map<std::string, double> map{{"half", 0.5}};
};

void request(const Values& values, int n) {
  SCOUT_WEB_TRANSACTION("users/show");
  SCOUT_CONTEXT("plan", "free");
  SCOUT_CONTEXT("numbers", values.numbers);
  scout::add_user("email", values.text);
  for (int i = 0; i < 10; ++i) {
    SCOUT_INSTRUMENT("load");
    SCOUT_TAG("rows", n);
    SCOUT_TAG("text", values.text);
    scout::ScopedSpan named{values.text, "Kind"};
    named.tag(values.text, values.map);
    scout::Span movable{scout::Operation{"HTTP/GET"}};
    scout::Span child = movable.child(values.text);
  }
  scout::rename_transaction(values.text);
  if (n % 7 == 0) scout::ignore_transaction();
  scout::BackgroundTransaction::start(values.text);
  scout::BackgroundTransaction::stop();
}

std::atomic<int> stage = 0;

void application() {
  const Values values;
  for (int n = 0; n < 3; ++n)
    request(values, n), serve_request(values.text);  // the first use maps the ring and starts the collector
  while (stage != 1) std::this_thread::yield();
  if (!forbid_system_calls()) {
    stage = -1;
    return;
  }
  counting = true;
  for (int n = 0; n < 2000; ++n) request(values, n), serve_request(values.text);
  counting = false;
  stage = 2;
  for (;;) asm volatile("" ::: "memory");  // this thread cannot even end
}

}  // namespace

int main() {
  static scout::NullSink sink;
  if (!scout::install({.monitor = true}, sink)) return 1;
  std::thread(application).detach();
  if (!scout::flush(std::chrono::seconds(20))) return 2;
  const scout::detail::ProcessState& process = *scout::detail::find_registry()->process;
  while (__atomic_load_n(&process.sleeping, __ATOMIC_RELAXED) == 0) std::this_thread::yield();  // a second without work
  stage = 1;
  while (stage == 1) std::this_thread::yield();
  if (stage != 2 || !scout::flush(std::chrono::seconds(20))) return 2;
  const scout::Stats stats = scout::stats();
  if (allocations != 0) std::printf("%d allocations\n", allocations.load());
  if (stats.transactions.started < 4000 || !stats.transactions.balanced() || !stats.spans.balanced()) return 3;
  _exit(allocations == 0 ? 0 : 4);
}
