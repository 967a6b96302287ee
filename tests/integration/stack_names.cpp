// One stack, named. Built in several ways: the arguments say what its names must contain, or, after "--without", must not;
// with "--plugin PATH" it is a plugin that takes the stack.
#include <scout/collect/stack_capture.hpp>
#include <scout/collect/symbolizer.hpp>

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

using Visit = void (*)(void*);

namespace stack_names {

std::string names_of(const std::uint64_t* frames, std::uint32_t count) {
  scout::detail::Symbolizer symbolizer;
  std::string names;
  symbolizer.append_stack(names, {reinterpret_cast<const char*>(frames), count * sizeof *frames}, "");
  return names;
}

std::uint64_t frames[50];
std::uint32_t frame_count = 0;

[[gnu::noinline]] void take_stack() {
  frame_count = scout::detail::capture_stack(frames, 50, 0);
  asm volatile("");
}
inline void inlined_step() {
  take_stack();
  asm volatile("");
}
[[gnu::noinline]] void outer_step() {
  inlined_step();
  asm volatile("");
}

}  // namespace stack_names

int main(int count, char** arguments) {
  using namespace stack_names;
  int argument = 1;
  void* plugin = nullptr;
  if (count > 2 && std::strcmp(arguments[1], "--plugin") == 0) {
    plugin = dlopen(arguments[2], RTLD_NOW | RTLD_LOCAL);
    void* const entry = plugin == nullptr ? nullptr : dlsym(plugin, "call_back");
    if (entry == nullptr) return 2;
    reinterpret_cast<void (*)(void (*)())>(entry)(take_stack);
    argument = 3;
  } else {
    outer_step();
  }
  std::string names = names_of(frames, frame_count);
  if (plugin != nullptr) {
    dlclose(plugin);
    names += " closed: " + names_of(frames, frame_count);
  }
  std::puts(names.c_str());
  bool wanted = true;
  int failed = 0;
  for (; argument < count; ++argument) {
    const std::string_view text = arguments[argument];
    if (text == "--without") {
      wanted = false;
    } else if ((names.find(text) != names.npos) != wanted) {
      std::printf("%s: %s\n", wanted ? "missing" : "not expected", arguments[argument]);
      ++failed;
    }
  }
  return failed;
}
