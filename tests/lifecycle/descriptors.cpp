// Programs that close what they do not know, and run other programs: no descriptor of theirs is ever touched.

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <scout/scout.hpp>

#include <cstdlib>

#include "account.hpp"
#include "jobs.hpp"

extern char** environ;

namespace {

void install() { REQUIRE(scout::install()); }

// A file of the program's, which may get a descriptor's number that was ours.
struct OwnFile {
  OwnFile() {
    char path[] = "/tmp/scout-lifecycle-XXXXXX";
    descriptor = mkstemp(path);
    unlink(path);
    REQUIRE(fstat(descriptor, &opened) == 0);
  }
  bool untouched() const {
    struct stat now;
    return fstat(descriptor, &now) == 0 && now.st_dev == opened.st_dev && now.st_ino == opened.st_ino && now.st_size == 0;
  }

  int descriptor;
  struct stat opened;
};

// As daemon(3) does, but everything above the standard streams is closed, and the first file gets a number that was ours.
void daemon() {
  install();
  job("before");
  REQUIRE(scout::flush(patience));
  int done[2];
  REQUIRE(pipe(done) == 0);
  wait_for(fork_child([] {
    setsid();
    fork_child([] {
      REQUIRE(chdir("/") == 0);
      REQUIRE(close_range(3, ~0u, 0) == 0);
      const OwnFile files[4];
      record_in_child();
      for (const OwnFile& file : files) REQUIRE(file.untouched());
      print_account();
    });
  }));
  close(done[1]);
  char byte;
  REQUIRE(read(done[0], &byte, 1) == 0);  // the daemon has closed its end, on purpose
}

// The program closes what it does not know, ours included, and opens its own files in that place.
void descriptors_closed() {
  install();
  job("before");
  REQUIRE(scout::flush(patience));
  REQUIRE(close_range(3, ~0u, 0) == 0);
  const OwnFile files[4];
  for (int i = 0; i < 3; ++i) {
    job("after");
    REQUIRE(scout::flush(patience));
  }
  for (const OwnFile& file : files) REQUIRE(file.untouched());
  print_account();
}

// Children that share the parent's memory, or run another program at once: the parent goes on as if nothing had been.
void spawn() {
  install();
  {
    SCOUT_BACKGROUND_TRANSACTION("parent");
    SCOUT_INSTRUMENT("open");
    const pid_t vforked = vfork();
    if (vforked == 0) {
      execl("/bin/true", "true", nullptr);
      _exit(1);
    }
    wait_for(vforked);
    { SCOUT_INSTRUMENT("after vfork"); }
    pid_t spawned;
    char name[] = "true";
    char* const arguments[] = {name, nullptr};
    REQUIRE(posix_spawn(&spawned, "/bin/true", nullptr, nullptr, arguments, environ) == 0);
    wait_for(spawned);
    { SCOUT_INSTRUMENT("after posix_spawn"); }
    REQUIRE(std::system("true") == 0);
    { SCOUT_INSTRUMENT("after system"); }
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"daemon", daemon}, {"descriptors_closed", descriptors_closed}, {"spawn", spawn}}, argument_count, arguments);
}
