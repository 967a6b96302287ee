#ifndef SCOUT_TOOLS_STANDARD_OUTPUT_HPP
#define SCOUT_TOOLS_STANDARD_OUTPUT_HPP

// What the programs print. Output that cannot be written (a full disk, a closed pipe) never ends a program in the middle of
// what it does: for standard output the exit status says so, for standard error there is nobody to tell.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace scout::standard_output {

// Call it first. A descriptor that the caller had closed would be that of the next file or socket, and get what is printed.
inline void hold_descriptors() {
  int opened = 0;
  while (opened >= 0 && opened <= STDERR_FILENO) opened = ::open("/dev/null", O_RDONLY);  // refuses what is written there
  if (opened >= 0) ::close(opened);
}

inline int first_error = 0;  // of standard output

inline void write(std::FILE* file, std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (!written && file == stdout && first_error == 0) first_error = errno != 0 ? errno : EIO;
}

// As fmt::print(), which throws.
template <class... Values>
void print(std::FILE* file, fmt::format_string<Values...> format, Values&&... values) {
  write(file, fmt::format(format, std::forward<Values>(values)...));
}
template <class... Values>
void print(fmt::format_string<Values...> format, Values&&... values) {
  write(stdout, fmt::format(format, std::forward<Values>(values)...));
}

// The exit status of a program that is done: 1 in place of 0 where its output is lost.
inline int finish(std::string_view program, int status) {
  errno = 0;
  if (std::fflush(stdout) != 0 && first_error == 0) first_error = errno != 0 ? errno : EIO;
  if (first_error == 0) return status;
  print(stderr, "{}: cannot write to standard output: {}\n", program, std::strerror(first_error));
  return status == 0 ? 1 : status;
}

}  // namespace scout::standard_output

#endif
