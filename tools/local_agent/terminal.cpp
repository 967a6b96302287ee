#include "terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace scout::local_agent {
namespace {

constexpr std::string_view take = "\x1b[?1049h\x1b[?25l\x1b[2J";  // alternate screen, no cursor
constexpr std::string_view give_back = "\x1b[m\x1b[?25h\x1b[?1049l";
constexpr int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

termios as_it_was{};

// Only what a signal handler may call.
void restore() {
  const ssize_t ignored = ::write(STDOUT_FILENO, give_back.data(), give_back.size());
  static_cast<void>(ignored);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
}

void crash(int signal) {
  restore();
  ::raise(signal);  // SA_RESETHAND: this time it is fatal
}

}  // namespace

std::optional<Terminal> Terminal::open() {
  const char* const kind = std::getenv("TERM");
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp() ||
      kind == nullptr || std::string_view{kind} == "dumb" || ::tcgetattr(STDIN_FILENO, &as_it_was) != 0) {
    return std::nullopt;
  }
  const char* const name = ::ttyname(STDOUT_FILENO);
  Descriptor output{name ? ::open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1};
  if (!output) return std::nullopt;
  Terminal terminal{std::move(output)};
  terminal.enter();
  return terminal;
}

Terminal::Terminal(Terminal&& other) noexcept
    : output_(std::move(other.output_)),
      unwritten_(std::move(other.unwritten_)),
      entered_(std::exchange(other.entered_, false)) {}

Terminal::~Terminal() { leave(); }

int Terminal::input() const { return STDIN_FILENO; }

void Terminal::enter() {
  termios raw = as_it_was;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C and Ctrl-Z still send their signals
  raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  struct sigaction action {};
  action.sa_handler = crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal : crashes) ::sigaction(signal, &action, nullptr);
  entered_ = true;
  unwritten_ = take;
  flush();
}

void Terminal::leave() {
  if (!std::exchange(entered_, false)) return;
  // A half-written frame could end inside a sequence.
  pollfd polled{output(), POLLOUT, 0};
  constexpr int patience = 200;
  while (pending() && ::poll(&polled, 1, patience) > 0 && (polled.revents & POLLOUT) != 0) flush();
  restore();
  for (const int signal : crashes) std::signal(signal, SIG_DFL);
}

void Terminal::write(std::string bytes) {
  unwritten_ = std::move(bytes);
  flush();
}

void Terminal::flush() {
  std::size_t written = 0;
  while (written < unwritten_.size()) {
    const ssize_t n = ::write(output(), unwritten_.data() + written, unwritten_.size() - written);
    if (n < 0 && errno != EAGAIN && errno != EINTR) written = unwritten_.size();  // the terminal is gone
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  unwritten_.erase(0, written);
}

}  // namespace scout::local_agent
