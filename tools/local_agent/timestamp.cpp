#include "timestamp.hpp"

#include <cstddef>

namespace scout::local_agent {
namespace {

// Reads fixed-width fields from the front of a text; once something did not fit, nothing fits any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return fail();
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool skip(char expected) {
    if (!next_is(expected)) return fail() != 0;
    rest_.remove_prefix(1);
    return true;
  }
  bool next_is(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool next_is_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

std::chrono::nanoseconds fraction(Reader& reader) {
  long value = 0, digits = 0;
  while (digits < 9 && reader.next_is_digit()) {
    value = value * 10 + reader.number(1);
    ++digits;
  }
  if (digits == 0) reader.number(1);  // a point needs a digit behind it
  for (; digits < 9; ++digits) value *= 10;
  return std::chrono::nanoseconds{value};
}

}  // namespace

std::optional<Time> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  Reader reader{text};
  const int year_number = reader.number(4);
  reader.skip('-');
  const int month_number = reader.number(2);
  reader.skip('-');
  const int day_number = reader.number(2);
  reader.skip('T');
  const int hour = reader.number(2);
  reader.skip(':');
  const int minute = reader.number(2);
  reader.skip(':');
  const int second = reader.number(2);
  nanoseconds subseconds{0};
  if (reader.next_is('.')) {
    reader.skip('.');
    subseconds = fraction(reader);
  }
  minutes offset{0};
  if (reader.next_is('Z')) {
    reader.skip('Z');
  } else {
    const int sign = reader.next_is('-') ? -1 : 1;
    reader.skip(sign < 0 ? '-' : '+');
    const int offset_hours = reader.number(2);
    reader.skip(':');
    const int offset_minutes = reader.number(2);
    if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = minutes{sign * (offset_hours * 60 + offset_minutes)};
  }
  if (!reader.at_end()) return std::nullopt;
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  // Nanoseconds since 1970 fit 64 bits until 2261, and so do those between any two such times; a second of 60 is a leap second.
  if (!date.ok() || year_number < 1970 || year_number > 2261 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} + subseconds - offset;
}

}  // namespace scout::local_agent
