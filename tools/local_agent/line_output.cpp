#include "line_output.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace scout::local_agent {

void LineOutput::add(std::string_view line) {
  if (unwritten_.size() + line.size() > limit_) flush();
  if (unwritten_.size() + line.size() > limit_) {
    ++skipped_;
  } else {
    unwritten_ += line;
  }
}

void LineOutput::flush() {
  while (write_some(0)) {
  }
}

void LineOutput::finish() {
  constexpr int patience = 1000;
  while (write_some(patience)) {
  }
}

bool LineOutput::write_some(int patience) {
  // A pipe that is ready has room for this much.
  constexpr std::size_t piece = 4096;
  pollfd polled{descriptor_, POLLOUT, 0};
  if (unwritten_.empty() || ::poll(&polled, 1, patience) <= 0) return false;
  const ssize_t written = ::write(descriptor_, unwritten_.data(), std::min(unwritten_.size(), piece));
  if (written < 0) {
    if (errno == EAGAIN || errno == EINTR) return false;
    error_ = errno;
    unwritten_.clear();  // nobody reads any more
    return false;
  }
  unwritten_.erase(0, static_cast<std::size_t>(written));
  return true;
}

}  // namespace scout::local_agent
