#include "serve.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "../standard_output.hpp"
#include "json_lines.hpp"
#include "line_output.hpp"
#include "report.hpp"
#include "server.hpp"
#include "terminal.hpp"
#include "view.hpp"
#include "waterfall.hpp"

namespace scout::local_agent {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// From here on these signals are read, and do nothing by themselves.
Descriptor block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Descriptor{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
}

// Zero: there is none.
int next_signal(const Descriptor& signals) {
  signalfd_siginfo info{};
  return ::read(signals.number(), &info, sizeof(info)) == sizeof(info) ? static_cast<int>(info.ssi_signo) : 0;
}

bool ends(int signal) { return signal != SIGWINCH && signal != SIGTSTP; }

int shorter(int a, Clock::duration b) {
  const auto milliseconds = std::max<long>(0, std::chrono::ceil<std::chrono::milliseconds>(b).count());
  return a < 0 ? static_cast<int>(milliseconds) : std::min(a, static_cast<int>(milliseconds));
}

// As many connections as the system allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void run_live(Terminal& terminal, Server& server, const Desk& desk, const Descriptor& signals, const Arguments& arguments) {
  constexpr auto frame_time = 250ms;
  View view{server.address(), arguments.endpoint};
  std::string drawn;
  bool changed = true, at_once = true;
  Clock::time_point last_frame{};
  for (;;) {
    const auto now = Clock::now();
    if (changed && !terminal.pending() && (at_once || now - last_frame >= frame_time)) {
      const TerminalSize size = terminal.size();
      std::string frame = frame_bytes(view.draw(desk, size, arguments.appearance.ascii), size);
      if (frame != drawn) terminal.write(drawn = std::move(frame));
      changed = at_once = false;
      last_frame = now;
    }
    const int timeout = changed ? shorter(server.timeout(), last_frame + frame_time - now) : server.timeout();
    pollfd polled[] = {{signals.number(), POLLIN, 0},
                       {server.descriptor(), POLLIN, 0},
                       {terminal.input(), POLLIN, 0},
                       {terminal.pending() ? terminal.output() : -1, POLLOUT, 0}};
    ::poll(polled, std::size(polled), timeout);
    while (const int signal = next_signal(signals)) {
      if (ends(signal)) return;
      if (signal == SIGTSTP) {
        terminal.leave();
        ::raise(SIGSTOP);
        terminal.enter();
      }
      drawn.clear();
      changed = at_once = true;
    }
    if (polled[3].revents != 0) terminal.flush();
    if (polled[2].revents != 0) {
      char bytes[256];
      const ssize_t size = ::read(terminal.input(), bytes, sizeof(bytes));
      if (size <= 0) return;  // the terminal is gone
      for (const Key pressed : keys_of({bytes, static_cast<std::size_t>(size)})) {
        if (!view.press(pressed, desk)) return;
      }
      changed = at_once = true;
    }
    if (!server.serve()) return;
    changed = changed || polled[1].revents != 0;
  }
}

// Prints transactions as they come; text at most ten lines a second.
class TransactionLines {
 public:
  TransactionLines(LineOutput& output, const Arguments& arguments) : output_(output), arguments_(arguments) {}

  void add(const Trace& trace) {
    if (!arguments_.endpoint.empty() && trace.endpoint != arguments_.endpoint) return;
    if (arguments_.json) return output_.add(transaction_json(trace));
    turn();
    if (printed_ < most_a_second) {
      ++printed_;
      output_.add(transaction_line(trace, arguments_.appearance));
    } else {
      ++left_out_;
    }
  }
  void turn() {
    const auto now = Clock::now();
    if (now - second_ < 1s) return;
    say_left_out();
    second_ = now;
    printed_ = 0;
  }
  void say_left_out() {
    if (left_out_ > 0) output_.add(fmt::format("{} {} more\n", arguments_.appearance.ascii ? "..." : "…", count_text(left_out_)));
    left_out_ = 0;
  }
  bool waiting() const { return left_out_ > 0; }

 private:
  static constexpr int most_a_second = 10;

  LineOutput& output_;
  const Arguments& arguments_;
  Clock::time_point second_{};
  int printed_ = 0;
  std::uint64_t left_out_ = 0;
};

void run_lines(LineOutput& output, TransactionLines& lines, Server& server, const Descriptor& signals) {
  for (;;) {
    const int timeout = lines.waiting() ? shorter(server.timeout(), 1s) : server.timeout();
    pollfd polled[] = {{signals.number(), POLLIN, 0},
                       {server.descriptor(), POLLIN, 0},
                       {output.pending() ? output.descriptor() : -1, POLLOUT, 0}};
    ::poll(polled, std::size(polled), timeout);
    while (const int signal = next_signal(signals)) {
      if (ends(signal)) return;
      if (signal == SIGTSTP) ::raise(SIGSTOP);
    }
    if (!server.serve()) return;
    lines.turn();
    output.flush();
  }
}

}  // namespace

int fail(const Error& error) {
  standard_output::print(stderr, "scout-local-agent: {}\n", error.message);
  return error.code == ErrorCode::refused ? 3 : 1;
}

int serve(const Arguments& arguments) {
  const Descriptor signals = block_signals();
  raise_descriptor_limit();
  auto listener = Listener::open(arguments.address, arguments.remote);
  if (!listener) {
    const int status = fail(listener.error());
    return listener.error().code == ErrorCode::invalid_argument ? 2 : status;
  }
  Recording recording;
  if (!arguments.record.empty()) {
    auto created = Recording::create(arguments.record);
    if (!created) return fail(created.error());
    recording = std::move(*created);
  }
  Desk desk{std::move(recording)};
  Server server{std::move(*listener), desk};
  LineOutput output{STDOUT_FILENO};
  {
    auto terminal = arguments.json || arguments.plain ? std::nullopt : Terminal::open();
    TransactionLines lines{output, arguments};
    if (terminal) {
      run_live(*terminal, server, desk, signals, arguments);
      server.finish();
    } else {
      output.add(arguments.json ? listening_json(server.address())
                                : fmt::format("scout-local-agent listens on {}\n", server.address()));
      output.finish();
      desk.on_trace([&](const Trace& trace) { lines.add(trace); });
      run_lines(output, lines, server, signals);
      server.finish();
      lines.say_left_out();
    }
  }
  const std::uint64_t skipped = output.skipped();
  output.finish();
  std::string last_words;
  if (arguments.json) {
    last_words = endpoints_json(desk.store(), arguments.endpoint) + account_json(desk, skipped);
  } else if (arguments.report) {
    last_words = endpoint_table(desk.store(), arguments.appearance, arguments.endpoint);
    if (const auto slowest = desk.store().find("slowest", arguments.endpoint))
      last_words += "\nslowest: " + waterfall(*slowest, arguments.appearance);
    last_words += '\n' + account_text(desk, arguments.appearance);
  }
  if (output.error() != 0) standard_output::first_error = output.error();
  standard_output::write(stdout, last_words);
  return 0;
}

}  // namespace scout::local_agent
