// A program that opens, uses and closes plugins, which were built with hidden visibility: of this version, of another major
// one, with SCOUT_DISABLE. Arguments: the case, the plugin.

#include <dlfcn.h>
#include <scout/scout.hpp>

#include <thread>

#include "account.hpp"
#include "cases.hpp"

namespace {

constexpr std::chrono::seconds patience{50};
const char* path;

void inner() { SCOUT_INSTRUMENT("program again"); }

bool open_work_close(int flags) {
  void* const plugin = dlopen(path, RTLD_NOW | flags);
  REQUIRE(plugin != nullptr);
  const bool recording = reinterpret_cast<bool (*)(void (*)())>(dlsym(plugin, "plugin_work"))(inner);
  dlclose(plugin);
  return recording;
}

void job(int flags, bool recording) {
  SCOUT_BACKGROUND_TRANSACTION("work");
  SCOUT_INSTRUMENT("program");
  REQUIRE(open_work_close(flags) == recording);
}

void finish() {
  REQUIRE(scout::flush(patience));
  print_account();
}

void global() {
  REQUIRE(scout::install());
  job(RTLD_GLOBAL, true);
  finish();
}

void another_major_version() {
  REQUIRE(scout::install());
  job(RTLD_LOCAL, false);
  job(RTLD_GLOBAL, false);
  finish();
}

// Used before anything else of the program records, then with an agent.
void before_install() {
  REQUIRE(!open_work_close(RTLD_LOCAL));
  REQUIRE(scout::install());
  job(RTLD_LOCAL, true);
  finish();
}

void opened_again_and_again() {
  REQUIRE(scout::install());
  for (int i = 0; i < 100; ++i) job(RTLD_LOCAL, true);
  finish();
}

// Each on a thread that ends before its names have been sent.
void on_threads() {
  REQUIRE(scout::install());
  std::thread threads[8];
  for (auto& thread : threads) thread = std::thread([] { job(RTLD_LOCAL, true); });
  for (auto& thread : threads) thread.join();
  finish();
}

}  // namespace

int main(int argument_count, char** arguments) {
  path = arguments[2];
  return run_case({{"global", global},
                   {"another_major_version", another_major_version},
                   {"before_install", before_install},
                   {"opened_again_and_again", opened_again_and_again},
                   {"on_threads", on_threads}},
                  argument_count, arguments);
}
