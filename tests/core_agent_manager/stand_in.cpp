// Stands in for the core agent's binary: takes the documented flags, starts scout-local-agent as a daemon and ends with the documented
// status. --log-file gets a report of how it was started; the text in --config-file makes it misbehave.

#include <dirent.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

extern "C" char** environ;

namespace {

void report(std::ofstream&& out, int count, char** arguments) {
  for (int i = 0; i < count; ++i) out << "argument " << arguments[i] << '\n';
  for (char** variable = environ; *variable != nullptr; ++variable) out << "variable " << *variable << '\n';
  DIR* const open = opendir("/proc/self/fd");
  while (const dirent* const entry = readdir(open)) {
    const int number = std::atoi(entry->d_name);
    char target[256] = {};
    const std::string link = std::string("/proc/self/fd/") + entry->d_name;
    if (entry->d_name[0] == '.' || number == dirfd(open) || readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
    if (out && std::string(target).find(".report") != std::string::npos) continue;  // this report
    out << "descriptor " << number << ' ' << target << '\n';
  }
  closedir(open);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:\t") || line.starts_with("SigIgn:\t")) out << line.replace(6, 2, " ") << '\n';
  }
  out << "session " << (getsid(0) == getpid() ? "own" : "another's") << '\n';
}

// A file in memory that both processes have open.
bool says(std::FILE* output, const char* wanted) {
  char text[1024] = {};
  return pread(fileno(output), text, sizeof text - 1, 0) > 0 && std::string(text).find(wanted) != std::string::npos;
}

// Its status when it ended, -1 when it listens.
int start_daemon(const std::string& address) {
  std::FILE* const output = std::tmpfile();
  if (output == nullptr) return 70;
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    dup2(fileno(output), STDOUT_FILENO);
    execlp("timeout", "timeout", "300", LOCAL_AGENT, "--address", address.c_str(), nullptr);
    _exit(71);
  }
  for (int status = 0;; poll(nullptr, 0, 5)) {
    if (says(output, "listens on")) return -1;
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 72;
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::string address, log_file, config_file, behaviour;
  if (count < 2 || std::string(arguments[1]) != "start") return 64;
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string flag = arguments[i], value = arguments[i + 1];
    if (flag == "--socket") address = value;
    if (flag == "--tcp") address = "tcp://" + value;
    if (flag == "--log-file") log_file = value;
    if (flag == "--config-file") config_file = value;
  }
  if (!log_file.empty()) report(std::ofstream(log_file, std::ios::app), count, arguments);
  if (!config_file.empty()) std::getline(std::ifstream(config_file), behaviour);
  if (behaviour == "fails") {
    std::fputs("version `GLIBC_2.99' not found\n", stderr);
    return 1;
  }
  if (behaviour == "aborts") std::abort();
  if (behaviour == "does nothing") return 0;
  const int status = start_daemon(address);
  if (behaviour == "stays") {
    while (getppid() != 1) poll(nullptr, 0, 20);
    return 0;
  }
  return status >= 0 ? status : behaviour == "was running" ? 3 : 0;
}
