// Threads end while spans and transactions are open on them: what can never end is counted as unfinished, and the rings go
// to the next threads.

#include <scout/scout.hpp>

#include <thread>

#include "account.hpp"

namespace {

void* leaked[3];  // reachable, so that leak checkers see what is meant to happen here

void leave_span_open() {
  leaked[0] = new scout::WebTransaction{"finished by its object"};
  scout::ScopedSpan ended{"ended"};
  leaked[1] = new scout::ScopedSpan{"never ends"};
}

void leave_transaction_open() {
  scout::WebTransaction::start("never stopped");
  scout::ScopedSpan ended{"ended"};
}

}  // namespace

int main() {
  if (!scout::install()) return 1;
  std::thread(leave_span_open).join();
  scout::flush(std::chrono::seconds(50));
  delete static_cast<scout::WebTransaction*>(leaked[0]);  // on another thread than it began
  std::thread(leave_transaction_open).join();
  scout::flush(std::chrono::seconds(50));
  for (int i = 0; i < 100; ++i) {
    std::thread([] { SCOUT_BACKGROUND_TRANSACTION("short"); }).join();
    if (i % 10 == 0) scout::flush(std::chrono::seconds(50));
  }
  scout::flush(std::chrono::seconds(50));
  print_account();
}
