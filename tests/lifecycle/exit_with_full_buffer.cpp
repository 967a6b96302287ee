// exit() right after a burst, without flush or shutdown: what was recorded is drained by the exit handlers, also what
// static objects record after them.

#include <scout/scout.hpp>

#include <cstdlib>

#include "account.hpp"

namespace {

struct RecordsLate {
  ~RecordsLate() { SCOUT_BACKGROUND_TRANSACTION("from a destructor"); }
} records_late;

}  // namespace

int main() {
  if (!scout::install()) return 1;
  for (int i = 0; i < 100; ++i) {
    SCOUT_BACKGROUND_TRANSACTION("burst");
    for (int n = 0; n < 30; ++n) SCOUT_INSTRUMENT("span");
  }
  std::exit(0);
}
