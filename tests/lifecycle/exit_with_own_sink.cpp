// exit() with a sink of the application's that is a static object: it is drained before it is destroyed, and never touched
// afterwards, not even by what other static objects record later.

#include <scout/scout.hpp>

#include <cstdio>
#include <cstdlib>

#include "account.hpp"

namespace {

struct RecordsLate {
  ~RecordsLate() { SCOUT_BACKGROUND_TRANSACTION("from a destructor"); }
} records_late;

struct OwnSink {
  ~OwnSink() {
    std::printf("%d traces\n", traces);
    destroyed = true;
  }
  scout::Expected<void> write(const scout::Trace&) {
    if (destroyed) std::abort();
    ++traces;
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  int traces = 0;
  bool destroyed = false;
} own_sink;

}  // namespace

int main() {
  if (!scout::install({}, own_sink)) return 1;
  for (int i = 0; i < 100; ++i) SCOUT_BACKGROUND_TRANSACTION("burst");
  std::exit(0);
}
