#include <scout/core/identity.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

TEST_SUITE_BEGIN("core/identity");

TEST_CASE("ids are random UUIDs of version 4 with the prefix that Scout's agents use") {
  constexpr scout::IdSeed seed{0x0123456789abcdef, 0xfedcba9876543210};
  const std::string request = seed.request(7).text();
  const std::string span = seed.span(7, 1).text();
  REQUIRE(request.size() == 40);
  REQUIRE(span.size() == 41);
  CHECK(request.starts_with("req-"));
  CHECK(span.starts_with("span-"));
  for (const std::string_view uuid : {std::string_view(request).substr(4), std::string_view(span).substr(5)}) {
    CHECK(uuid[8] == '-');
    CHECK(uuid[13] == '-');
    CHECK(uuid[14] == '4');
    CHECK(uuid[18] == '-');
    CHECK(std::string_view("89ab").find(uuid[19]) != std::string_view::npos);
    CHECK(uuid[23] == '-');
    CHECK(uuid.find_first_not_of("0123456789abcdef-") == std::string_view::npos);
  }
}

TEST_CASE("an id's text spells its bits") {
  constexpr scout::RequestId id{0x0123456789ab4def, 0x8edcba9876543210};
  CHECK(std::string_view(id.text().c_str()) == "req-01234567-89ab-4def-8edc-ba9876543210");
}

TEST_CASE("transactions, their spans and other processes never share an id") {
  constexpr scout::IdSeed seeds[] = {{0x243f6a8885a308d3, 0x13198a2e03707344}, {0xa4093822299f31d0, 0x082efa98ec4e6c89}};
  std::set<std::string> seen;
  std::size_t made = 0;
  for (const scout::IdSeed& seed : seeds) {
    for (std::uint64_t transaction = 0; transaction < 200; ++transaction) {
      seen.insert(std::string(seed.request(transaction).text()).substr(4));
      for (std::uint16_t span = 1; span <= 20; ++span) seen.insert(std::string(seed.span(transaction, span).text()).substr(5));
      made += 21;
    }
  }
  CHECK(seen.size() == made);
}

TEST_SUITE_END();
