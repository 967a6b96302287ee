#include <scout/collect/text_arena.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("collect/text_arena");

TEST_CASE("texts of every size stay where they are until the arena is cleared") {
  scout::detail::TextArena arena;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<std::string, std::string_view>> kept;
    for (std::size_t size : {0u, 1u, 5000u, 17u, 100'000u, 4095u, 4096u, 4097u, 8192u, 3u}) {
      for (int i = 0; i < 5; ++i) {
        const std::string text(size, static_cast<char>('a' + i));
        kept.emplace_back(text, arena.copy(text));
        kept.emplace_back(text + "tail", arena.join(text, "tail"));
      }
    }
    for (const auto& [text, view] : kept) CHECK(text == view);
    arena.clear();
    CHECK(arena.size() == 0);
  }
}

TEST_SUITE_END();
