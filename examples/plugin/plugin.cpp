#include <scout/scout.hpp>

extern "C" int resize(int width);

int resize(int width) {
  SCOUT_INSTRUMENT("resize", "Plugin");
  SCOUT_TAG("width", width);
  return width / 2;
}
