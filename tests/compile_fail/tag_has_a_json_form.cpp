// A value without a JSON form is no tag; SCOUT_TEST_MACRO(value) is one of the macros that take a value.
#include <scout/scout.hpp>

#include <string>

struct Point {
  int x, y;
};
struct Size {
  int width, height;
};
void to_json(scout::TagWriter& writer, const Size& size) {
  writer.begin_array();
  writer.value(size.width);
  writer.value(size.height);
  writer.end_array();
}

void page([[maybe_unused]] const Point& point, [[maybe_unused]] const Size& size, [[maybe_unused]] const std::wstring& wide) {
#if !defined(SCOUT_EXPECT_ERROR)
  SCOUT_TEST_MACRO(size);
#elif defined(SCOUT_TEST_WIDE)
  SCOUT_TEST_MACRO(wide);
#else
  SCOUT_TEST_MACRO(point);
#endif
}
