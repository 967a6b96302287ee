#include <scout/web/queue_time.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
namespace web = scout::web;

namespace {

constexpr web::Time start{1'700'000'000'123'456'789ns};  // 2023-11-14

std::optional<std::chrono::nanoseconds> waited(std::string_view header) { return web::parse_queue_start(header, start); }

}  // namespace

TEST_SUITE_BEGIN("web/queue_time");

TEST_CASE("the unit follows from the size of the number") {
  CHECK(waited("1699999998") == 2'123'456'789ns);
  CHECK(waited("1699999998123") == 2'000'456'789ns);
  CHECK(waited("1699999998123456") == 2'000'000'789ns);
  CHECK(waited("1699999998123456789") == 2s);
}

TEST_CASE("nanoseconds are exact, where a floating point number is off by hundreds") {
  CHECK(waited("1700000000123456788") == 1ns);
}

TEST_CASE("a fraction counts, as nginx and others write it") {
  CHECK(waited("t=1699999998.123") == 2'000'456'789ns);
  CHECK(waited("1699999998123.456789") == 2s);
  CHECK(waited("1699999998.1234567891234") == 2s);
  CHECK(waited("1699999998.") == 2'123'456'789ns);
}

TEST_CASE("a start in the future is no queue time, now is zero") {
  CHECK(waited("1700000000123456790") == std::nullopt);
  CHECK(waited("1700000001") == std::nullopt);
  CHECK(waited("1700000000123456789") == 0ns);
}

TEST_CASE("instants before the first of January ten years ago are garbage") {
  CHECK(waited("1356998401") != std::nullopt);  // 2013-01-01 and one second
  CHECK(waited("1356998400") == std::nullopt);
  CHECK(waited("1356998400.5") != std::nullopt);
  CHECK(waited("12") == std::nullopt);
  CHECK(waited("0") == std::nullopt);
}

TEST_CASE("a clock that was never set measures nothing") {
  for (const auto now : {-1h, 5h, 80'000h}) CHECK(web::parse_queue_start("3", web::Time{now}) == std::nullopt);  // up to 1979
  CHECK(web::parse_queue_start("347155200", web::Time{347'155'201s}) == 1s);                                    // 1981
}

TEST_CASE("anything but a plain number is refused") {
  for (const char* header : {"", "t=", "T=1699999998", "t=t=1699999998", "-1699999998", "+1699999998", " 1699999998",
                             "1699999998 ", "1699999998s", "1.699e9", "1_699_999_998", "nan", "inf", "0x6553f100", ".5",
                             "1699999998.1.2", "99999999999999999999", "9223372036854775807000"}) {
    CAPTURE(header);
    CHECK(waited(header) == std::nullopt);
  }
  CHECK(waited(std::string(10000, '9')) == std::nullopt);
}

TEST_SUITE_END();
