// A program and a plugin that it opens and closes again: both include scout's headers, only the program installs the agent, and
// the plugin's spans hang below the program's. A plugin may be closed while what it recorded has not been read yet.

#include <scout/agent.hpp>
#include <scout/sink/file_sink.hpp>

#include <dlfcn.h>

#include <cstdio>

int main(int, char** arguments) {
  static scout::FileSink sink("/dev/stdout");
  if (!scout::install({.name = "plugin", .monitor = true}, sink)) return 1;
  {
    SCOUT_WEB_TRANSACTION("resize");
    void* const plugin = ::dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) return std::fprintf(stderr, "%s\n", ::dlerror()), 1;
    const auto resize = reinterpret_cast<int (*)(int)>(::dlsym(plugin, "resize"));
    if (resize == nullptr || resize(40) != 20) return 1;
    ::dlclose(plugin);
  }
  scout::shutdown();
  return scout::stats().spans.delivered == 1 ? 0 : 1;
}
