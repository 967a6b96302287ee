#ifndef SCOUT_TESTS_LIFECYCLE_CASES_HPP
#define SCOUT_TESTS_LIFECYCLE_CASES_HPP

// Programs of the matrix that share a source: the first argument names the case. What goes wrong in one ends the process
// with the number of the line, so that the status says where.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <dirent.h>
#include <initializer_list>
#include <string_view>

#define REQUIRE(condition) \
  if (!(condition)) _exit(__LINE__ % 250 + 1)

struct Case {
  std::string_view name;
  void (*run)();
};

inline int run_case(std::initializer_list<Case> cases, int argument_count, char** arguments) {
  for (const Case& one : cases) {
    if (argument_count > 1 && one.name == arguments[1]) return one.run(), 0;
  }
  return 255;
}

// Forks; the child runs `work` and ends without any handler.
template <class Work>
pid_t fork_child(Work work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child != 0) return child;
  work();
  _exit(0);
}

inline void wait_for(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && status != 0) _exit(WEXITSTATUS(status));  // the child's line
  REQUIRE(status == 0);
}

inline int entries_in(const char* folder) {
  int count = 0;
  DIR* const open = opendir(folder);
  while (const dirent* const entry = readdir(open)) count += entry->d_name[0] != '.';
  closedir(open);
  return count;
}
inline int thread_count() { return entries_in("/proc/self/task"); }

#endif
