#ifndef SCOUT_CORE_AGENT_MANAGER_DESCRIPTOR_HPP
#define SCOUT_CORE_AGENT_MANAGER_DESCRIPTOR_HPP

// A file descriptor that is closed at the end of its scope, and what is read and written through one.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "../../core/expected.hpp"

namespace scout::inline v0::detail {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

// "/path: No such file or directory"; `error` is an errno.
inline Error file_error(std::string_view path, int error) {
  return {ErrorCode::file, std::string(path) + ": " + std::generic_category().message(error)};
}

inline Expected<void> write_all(int file, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return file_error(path, errno);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Calls take(bytes) until the end of the file.
template <class Take>
Expected<void> read_all(int file, std::string_view path, Take take) {
  char space[16384];
  for (;;) {
    const ssize_t size = ::read(file, space, sizeof space);
    if (size == 0) return {};
    if (size > 0) take(std::string_view(space, static_cast<std::size_t>(size)));
    if (size < 0 && errno != EINTR) return file_error(path, errno);
  }
}

}  // namespace scout::inline v0::detail

#endif
