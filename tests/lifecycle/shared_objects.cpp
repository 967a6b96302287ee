// The program, a library it is linked to and a plugin it opens with RTLD_LOCAL record under one context, whatever the visibility
// of their symbols. The plugin is closed while its names are still in flight.

#include <dlfcn.h>
#include <scout/scout.hpp>

#include "account.hpp"

extern "C" void library_work(void (*inner)());

namespace {
void inner() { SCOUT_INSTRUMENT("program again"); }
}  // namespace

int main(int, char** arguments) {
  if (!scout::install()) return 1;
  for (int i = 0; i < 2; ++i) {
    void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) return 2;
    const auto plugin_work = reinterpret_cast<void (*)(void (*)())>(dlsym(plugin, "plugin_work"));
    {
      SCOUT_WEB_TRANSACTION("page");
      SCOUT_INSTRUMENT("program");
      library_work(inner);
      plugin_work(inner);
    }
    dlclose(plugin);
  }
  if (!scout::flush(std::chrono::seconds(50))) return 3;
  print_account();
}
