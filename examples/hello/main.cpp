#include <scout/agent.hpp>

#include <cstdio>

void greet(const char* name) {
  SCOUT_INSTRUMENT("greet");
  SCOUT_TAG("name", name);
  std::printf("Hello, %s!\n", name);
}

int main() {
  scout::install({.name = "hello", .monitor = true});
  SCOUT_BACKGROUND_TRANSACTION("greetings");
  for (const char* name : {"Ada", "Grace"}) greet(name);
}
