#include <doctest/doctest.h>
#include <gnu/libc-version.h>
#include <scout/collect/symbolizer.hpp>

#include <string>

using namespace scout::detail;

namespace {

// A function of libc that no sanitizer takes the place of.
const auto address_in_libc = reinterpret_cast<std::uintptr_t>(&gnu_get_libc_version);

std::string stack_at(std::uint64_t address) {
  Symbolizer symbolizer;
  std::string text;
  symbolizer.append_stack(text, {reinterpret_cast<const char*>(&address), sizeof address}, "/srv/app");
  return text;
}

}  // namespace

TEST_SUITE_BEGIN("symbolizer");

TEST_CASE("an exported function of a library has its name, with the library and an offset or a file") {
  const std::string text = stack_at(address_in_libc + 1);
  CAPTURE(text);
  CHECK(text.find("gnu_get_libc_version\"}") != std::string::npos);
  CHECK(text.find("{\"file\":\"") == 1);
}

TEST_CASE("an address outside every object is named by itself") {
  CHECK(stack_at(0x10) == R"([{"file":"","line":0,"function":"0x10"}])");
}

TEST_CASE("an address in an object is found with the object's path and build id") {
  const LoadedObject object = object_at(address_in_libc);
  CHECK(object.path.find("libc") != std::string::npos);
  CHECK(object.offset != 0);
  CHECK(object.build_id.size() == 40);
}

TEST_CASE("names are demangled, C names stay as they are") {
  CHECK(demangled("_ZN4shop4loadEi") == "shop::load(int)");
  CHECK(demangled("main") == "main");
}

TEST_SUITE_END();
