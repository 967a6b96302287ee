#include <scout/core/tag.hpp>

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

struct Unknown {};
struct Known {};
void to_json(scout::TagWriter& writer, const Known&) { writer.value(1); }
enum class Color : short { red = -1 };

template <class T>
std::string tokens(const T& value, std::size_t room, std::uint64_t* cut = nullptr) {
  alignas(32) char ring[256];
  constexpr std::uint64_t near_the_end = 250;  // so that the ring's end lies inside
  scout::TagWriter writer(ring, sizeof ring - 1, near_the_end, near_the_end + room);
  writer.value(value);
  if (cut != nullptr) *cut = writer.cut_bytes();
  std::string text;
  for (std::uint64_t i = 0; i < writer.size(); ++i) text += ring[(near_the_end + i) % sizeof ring];
  return text;
}

}  // namespace

TEST_SUITE_BEGIN("core/tag");

TEST_CASE("what has a JSON form can be a tag, and nothing else") {
  using scout::Taggable;
  CHECK_FALSE(Taggable<std::filesystem::path>);  // a range of paths
  CHECK(Taggable<bool>);
  CHECK(Taggable<char>);
  CHECK(Taggable<signed char>);
  CHECK(Taggable<unsigned long long>);
  CHECK(Taggable<float>);
  CHECK(Taggable<long double>);
  CHECK(Taggable<Color>);
  CHECK(Taggable<std::nullptr_t>);
  CHECK(Taggable<const char*>);
  CHECK(Taggable<char[6]>);
  CHECK(Taggable<std::string>);
  CHECK(Taggable<std::string_view>);
  CHECK(Taggable<std::u8string>);
  CHECK(Taggable<std::optional<std::string>>);
  CHECK(Taggable<std::vector<bool>>);
  CHECK(Taggable<std::array<int, 3>>);
  CHECK(Taggable<int[3]>);
  CHECK(Taggable<std::list<std::optional<double>>>);
  CHECK(Taggable<std::unordered_map<std::string, std::vector<Known>>>);
  CHECK(tokens(Known{}, 100).size() == 9);
  CHECK_FALSE(Taggable<Unknown>);
  CHECK_FALSE(Taggable<std::vector<Unknown>>);
  CHECK_FALSE(Taggable<std::map<Unknown*, int>>);
  CHECK_FALSE(Taggable<int*>);
  CHECK_FALSE(Taggable<std::wstring>);
  CHECK_FALSE(Taggable<wchar_t>);
}

TEST_CASE("a value wraps around the ring's end byte by byte") {
  CHECK(tokens("abcdefghij", 100) == std::string("s\x0a\0\0\0abcdefghij", 15));
  CHECK(tokens(std::vector<bool>{true, false}, 100) == "[tf]");
  CHECK(tokens(Color::red, 100) == std::string("i\xff\xff\xff\xff\xff\xff\xff\xff"));
  CHECK(tokens('x', 100) == std::string("s\1\0\0\0x", 6));
}

TEST_CASE("a value that does not fit is cut, never written beyond its room, and says by how much") {
  std::uint64_t cut = 0;
  CHECK(tokens("abcdefghij", 12, &cut) == std::string("s\x07\0\0\0abcdefg", 12));
  CHECK(cut == 3);
  for (std::size_t room = 0; room < 40; ++room) {
    CHECK(tokens(std::map<std::string, std::vector<int>>{{"key", {1, 2, 3}}}, room).size() <= room);
  }
}

TEST_CASE("arrays below the sixteenth level become null") {
  using Level4 = std::vector<std::vector<std::vector<std::vector<int>>>>;
  using Level16 = std::vector<std::vector<std::vector<std::vector<std::vector<std::vector<
      std::vector<std::vector<std::vector<std::vector<std::vector<std::vector<Level4>>>>>>>>>>>>;
  CHECK(tokens(Level16{{{{{{{{{{{{{{{{1}}}}}}}}}}}}}}}}, 200).find('i') != std::string::npos);
  using Level17 = std::vector<Level16>;
  CHECK(tokens(Level17{Level16{{{{{{{{{{{{{{{{1}}}}}}}}}}}}}}}}}, 200) == std::string(16, '[') + "n" + std::string(16, ']'));
}

TEST_CASE("a key from a literal is kept as a pointer, any other is not") {
  char array[] = "array";
  const std::string string = "string";
  CHECK_FALSE(scout::TagKey(array).is_literal());
  CHECK_FALSE(scout::TagKey(string).is_literal());
  CHECK(scout::TagKey::of_literal("literal").is_literal());
  CHECK(scout::TagKey(string).size() == 6);
}

TEST_SUITE_END();
