// A server that forks its workers first, as most do: install() before, since it starts no thread until something is recorded. Each
// worker has a connection and an account of its own; what it recorded is handed over when it exits.

#include <scout/agent.hpp>
#include <scout/sink/file_sink.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace {

void answer(int worker, int request) {
  SCOUT_WEB_TRANSACTION("answer");
  SCOUT_CONTEXT("worker", worker);
  SCOUT_INSTRUMENT("compute");
  SCOUT_TAG("request", request);
}

[[noreturn]] void work(int worker) {
  for (int request = 0; request < 3; ++request) answer(worker, request);
  const bool flushed = scout::flush(std::chrono::seconds(10));
  const scout::Ledger account = scout::stats().transactions;
  std::exit(flushed && account.started == 3 && account.delivered == 3 ? 0 : 1);
}

}  // namespace

int main() {
  static scout::FileSink sink("/dev/stdout");
  if (!scout::install({.name = "prefork", .monitor = true}, sink)) return 1;
  constexpr int workers = 3;
  for (int worker = 0; worker < workers; ++worker) {
    if (::fork() == 0) work(worker);
  }
  int good = 0;
  for (int status; ::wait(&status) > 0;) good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return good == workers && scout::stats().transactions.started == 0 ? 0 : 1;
}
