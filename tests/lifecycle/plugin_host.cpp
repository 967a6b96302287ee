// A program without scout. It opens a plugin that installs the agent, and closes it at once, while everything that the
// plugin recorded is still to be sent.

#include <dlfcn.h>

int main(int, char** arguments) {
  void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) return 1;
  const bool installed = reinterpret_cast<bool (*)()>(dlsym(plugin, "plugin_work"))();
  dlclose(plugin);
  return installed ? 0 : 2;
}
