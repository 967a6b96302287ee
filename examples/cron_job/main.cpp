// A job that cron starts and that is over in a moment. Nothing is to be flushed by hand: at exit scout hands over what there is, in
// two seconds at most (shutdown_timeout_seconds), and waits for nobody where no core agent listens.

#include <scout/agent.hpp>

#include <cstdio>

namespace {

int remove_expired(const char* table, int rows) {
  SCOUT_INSTRUMENT("remove expired");
  SCOUT_TAG("table", table);
  return rows;
}

}  // namespace

int main() {
  scout::install({.name = "cleaning", .monitor = true});
  SCOUT_BACKGROUND_TRANSACTION("clean up");
  const int removed = remove_expired("sessions", 12) + remove_expired("drafts", 3);
  SCOUT_CONTEXT("removed", removed);
  std::printf("%d rows removed\n", removed);
}
