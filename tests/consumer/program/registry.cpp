// What a program has before main() runs: the process's registry, and the note in this object by which others find it.
#include <scout/scout.hpp>

using namespace scout::detail;

int main() {
  SCOUT_BACKGROUND_TRANSACTION("work");
  SCOUT_INSTRUMENT("part");
  Registry* found = nullptr;
  dl_iterate_phdr(adopt_registry, &found);
  const std::uint64_t start = read_ticks();
  while (read_ticks() == start) {
  }
  return registry_slot != nullptr && found == registry_slot ? 0 : 1;
}
