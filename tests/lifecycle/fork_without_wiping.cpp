// A kernel, or a sandbox, that does not wipe pages at a fork: the child records all the same.

#include <sys/mman.h>
#include <sys/syscall.h>
#include <scout/scout.hpp>

#include <cerrno>

#include "account.hpp"
#include "jobs.hpp"

// In place of the C library's.
extern "C" int madvise(void* pages, std::size_t size, int advice) noexcept {
  if (advice != MADV_WIPEONFORK) return static_cast<int>(syscall(SYS_madvise, pages, size, advice));
  errno = EINVAL;
  return -1;
}

int main() {
  REQUIRE(scout::install());
  job("before");
  REQUIRE(scout::flush(patience));
  {
    SCOUT_BACKGROUND_TRANSACTION("parent");
    SCOUT_INSTRUMENT("open");
    wait_for(fork_child(record_in_child));
  }
  REQUIRE(scout::flush(patience));
  print_account();
}
