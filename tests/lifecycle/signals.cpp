// Programs that handle signals: theirs never land on our thread, their handlers stay as they are, and a span inside a
// handler breaks nothing.

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <scout/scout.hpp>

#include <atomic>
#include <cstdio>
#include <thread>

#include "account.hpp"
#include "jobs.hpp"

namespace {

void install_and_connect() {
  REQUIRE(scout::install());
  job("before");
  REQUIRE(scout::flush(patience));
}

void on(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  REQUIRE(sigaction(signal, &action, nullptr) == 0);
}

volatile sig_atomic_t handled = 0;
pid_t handled_on = 0;

void sigterm() {
  install_and_connect();
  on(SIGTERM, [](int) {
    handled = 1;
    handled_on = gettid();
  });
  kill(getpid(), SIGTERM);  // to the process: any thread that does not block it may get it
  while (handled == 0) pause();
  REQUIRE(handled_on == getpid());
  job("after");
}

void exit_in_handler() {
  install_and_connect();
  on(SIGTERM, [](int) { std::exit(6); });
  {
    SCOUT_BACKGROUND_TRANSACTION("interrupted");
    SCOUT_INSTRUMENT("interrupted");
    raise(SIGTERM);
  }
}

void sigsegv() {
  on(SIGSEGV, [](int) { _exit(7); });
  install_and_connect();
  struct sigaction action {};
  REQUIRE(sigaction(SIGSEGV, nullptr, &action) == 0 && action.sa_handler != SIG_DFL);
  SCOUT_BACKGROUND_TRANSACTION("crashes");
  int* volatile nowhere = nullptr;
  *nowhere = 1;
}

void record_in_handler(int) {
  SCOUT_BACKGROUND_TRANSACTION("handler");
  SCOUT_INSTRUMENT("handler");
  SCOUT_TAG("count", 1);
  handled = handled + 1;
}

const itimerval often{{0, 500}, {0, 500}}, never{};

// Two thousand a second, wherever they hit.
void span_in_handler() {
  install_and_connect();
  on(SIGALRM, record_in_handler);
  setitimer(ITIMER_REAL, &often, nullptr);
  int count = 0;
  while (count < 1000 || handled < 100) {
    job("main");
    if (++count % 500 == 0) (void)scout::flush(patience);
  }
  setitimer(ITIMER_REAL, &never, nullptr);
  REQUIRE(scout::flush(patience));
  print_account();
}

// Where a thread has its first ring from is behind a lock.
void first_span() {
  install_and_connect();
  on(SIGUSR1, record_in_handler);
  for (int i = 0; i < 500; ++i) {
    std::atomic<bool> begins = false;
    std::thread thread([&] {
      begins = true;
      job("thread");
    });
    while (!begins) {
    }
    pthread_kill(thread.native_handle(), SIGUSR1);
    thread.join();
  }
  REQUIRE(scout::flush(patience));
  print_account();
}

void nothing_installed() {
  on(SIGALRM, record_in_handler);
  setitimer(ITIMER_REAL, &often, nullptr);
  while (handled < 500) job("nobody looks");
  setitimer(ITIMER_REAL, &never, nullptr);
  install_and_connect();
}

void signal_descriptor() {
  install_and_connect();
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR1);
  REQUIRE(sigprocmask(SIG_BLOCK, &mine, nullptr) == 0);
  const int descriptor = signalfd(-1, &mine, SFD_CLOEXEC);
  for (int i = 0; i < 100; ++i) {
    kill(getpid(), SIGUSR1);  // would end the process on a thread that does not block it
    signalfd_siginfo info;
    REQUIRE(read(descriptor, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1);
    job("signal");
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  return run_case({{"sigterm", sigterm},
                   {"exit_in_handler", exit_in_handler},
                   {"sigsegv", sigsegv},
                   {"span_in_handler", span_in_handler},
                   {"first_span", first_span},
                   {"nothing_installed", nothing_installed},
                   {"signalfd", signal_descriptor}},
                  argument_count, arguments);
}
