// A process forks inside a span; the child records a transaction of its own and leaves the inherited scopes. What the parent
// had open is the parent's; the child counts it as forked.

#include <sys/wait.h>
#include <unistd.h>

#include "account.hpp"

// The allocators of gcc 12's sanitizers cannot be forked while another thread allocates: there, the collector is made to
// wait for work first.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool quiet_before_fork = true;
#else
constexpr bool quiet_before_fork = false;
#endif

int main() {
  if (!scout::install()) return 1;
  { SCOUT_BACKGROUND_TRANSACTION("before"); }  // may still be queued at the fork: it must arrive once
  pid_t child = 0;
  {
    SCOUT_BACKGROUND_TRANSACTION("parent");
    scout::ScopedSpan open("open");
    if (quiet_before_fork && !scout::flush(std::chrono::seconds(50))) return 4;
    child = fork();
    if (child == 0) {
      if (open.tag("rows", 1) || open.tag("text", "longer than sixteen characters")) return 5;  // the parent's
      SCOUT_INSTRUMENT("nothing here");  // the child is in no transaction
      SCOUT_BACKGROUND_TRANSACTION("child");
      SCOUT_INSTRUMENT("work");
    } else {
      int status = 0;
      waitpid(child, &status, 0);
      if (status != 0) return 2;
    }
  }
  if (!scout::flush(std::chrono::seconds(50))) return 3;
  if (child == 0) {
    const scout::Stats stats = scout::stats();
    const bool right = stats.transactions.balanced() && stats.spans.balanced() && stats.transactions.delivered == 1 &&
                       stats.transactions.dropped[scout::Reason::forked] == 1 && stats.spans.delivered == 1 &&
                       stats.spans.dropped[scout::Reason::forked] == 1;
    if (!right) print_account();
    _exit(right ? 0 : 1);
  }
  print_account();
}
