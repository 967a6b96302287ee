// Tags from arbitrary values to JSON: the input is taken as text, as a stream of tokens, as a scalar's words, and as a recipe
// for a value. A letter begins each part of a recipe, as in core/tag.hpp: n f t i u d s [ {; anything else ends what is open.
// Two bytes before the recipe say how much room there is.

#include <scout/collect/tag_json.hpp>
#include <scout/core/tag.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "json_oracle.hpp"

using fuzz::Bytes, fuzz::repaired, fuzz::require, fuzz::require_same;

namespace {

constexpr std::size_t deepest = 16;

struct Member;
struct Value {
  char kind = 'n';
  std::uint64_t bits = 0;
  std::string text;
  std::vector<Member> members;
};
struct Member {
  std::string name;  // none in an array
  Value value;
};

constexpr std::string_view kinds = "nftiuds[{";

Value value_of(Bytes& recipe, char kind) {
  Value value{kinds.find(kind) == std::string_view::npos ? 'n' : kind, 0, {}, {}};
  if (kind == 'i' || kind == 'u' || kind == 'd') value.bits = recipe.number<std::uint64_t>();
  if (kind == 's') value.text = recipe.take(recipe.number());
  while ((kind == '[' || kind == '{') && !recipe.done()) {
    std::string name(kind == '{' ? recipe.take(recipe.number() % 16) : "");
    const char next = static_cast<char>(recipe.number());
    if (kinds.find(next) == std::string_view::npos) break;
    value.members.push_back({std::move(name), value_of(recipe, next)});
  }
  return value;
}

void to_json(scout::TagWriter& writer, const Value& value) {
  switch (value.kind) {
    case 'f':
    case 't': return writer.value(value.kind == 't');
    case 'i': return writer.value(static_cast<std::int64_t>(value.bits));
    case 'u': return writer.value(value.bits);
    case 'd': return writer.value(std::bit_cast<double>(value.bits));
    case 's': return writer.value(value.text);
    case '[':
      writer.begin_array();
      for (const auto& member : value.members) writer.value(member.value);
      return writer.end_array();
    case '{':
      writer.begin_object();
      for (const auto& member : value.members) {
        writer.key(member.name);
        writer.value(member.value);
      }
      return writer.end_object();
    default: return writer.value(nullptr);
  }
}

void compare(simdjson::dom::element json, const Value& value, std::size_t depth = 0) {
  const bool nested = value.kind == '[' || value.kind == '{';
  const double real = std::bit_cast<double>(value.bits);
  if (value.kind == 'n' || (nested && depth == deepest) || (value.kind == 'd' && !std::isfinite(real)))
    return require(json.is_null(), "what has no JSON form, or lies too deep, is null");
  if (value.kind == 'f' || value.kind == 't') {
    bool truth{};
    return require(json.get(truth) == simdjson::SUCCESS && truth == (value.kind == 't'), "a bool is one");
  }
  if (value.kind == 'i') {
    std::int64_t number{};
    return require(json.get(number) == simdjson::SUCCESS && number == static_cast<std::int64_t>(value.bits),
                   "a signed number is exact");
  }
  if (value.kind == 'u') {
    std::uint64_t number{};
    return require(json.get(number) == simdjson::SUCCESS && number == value.bits, "an unsigned number is exact");
  }
  if (value.kind == 'd') {
    double number{};
    return require(json.get(number) == simdjson::SUCCESS && number == real, "a real number is exact");
  }
  if (value.kind == 's') return require_same(fuzz::string_of(json), repaired(value.text), "a string is the repaired text");

  auto expected = value.members.begin();
  if (value.kind == '[') {
    simdjson::dom::array array;
    require(json.get(array) == simdjson::SUCCESS && array.size() == value.members.size(), "an array has its elements");
    for (const simdjson::dom::element element : array) compare(element, (expected++)->value, depth + 1);
  } else {
    simdjson::dom::object object;
    require(json.get(object) == simdjson::SUCCESS && object.size() == value.members.size(), "an object has its members");
    for (const auto& member : object) {
      require_same(member.key, repaired(expected->name), "a name is the repaired text");
      compare(member.value, (expected++)->value, depth + 1);
    }
  }
}

// A ring that notices a write outside of the room that was given; for one value.
class Ring {
 public:
  Ring(std::uint64_t position, std::uint64_t room) : bytes_(size, '~'), position_(position), room_(room) {}

  template <class T>
  std::string json(const T& value) {
    scout::TagWriter writer(bytes_.data(), size - 1, position_, position_ + room_);
    writer.value(value);
    cut = writer.cut_bytes();
    require(writer.size() <= room_, "tokens stay within their room");
    std::rotate(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(position_), bytes_.end());
    require(bytes_.find_first_not_of('~', room_) == std::string::npos, "nothing is written beyond the room");
    std::string out;
    scout::detail::append_tag_json(out, scout::detail::RecordKind::tag, 0, cut, bytes_.substr(0, writer.size()));
    return out;
  }

  static constexpr std::uint64_t size = 16 * 1024;
  std::uint64_t cut = 0;

 private:
  std::string bytes_;
  std::uint64_t position_, room_;
};

void check_text(std::string_view text) {
  std::string json;
  scout::append_json_string(json, text);
  fuzz::StrictJson strict;
  require_same(fuzz::string_of(strict.parse(json)), repaired(text), "a string is the repaired text");
}

void check_cut_text(std::string_view text, std::uint64_t room) {
  Ring ring(Ring::size - 3, room);
  fuzz::StrictJson strict;
  const auto json = strict.parse(ring.json(text));
  const std::size_t all = std::max<std::size_t>(text.size(), 1);
  if (room < 5) return require(json.is_null() && ring.cut == all, "without room for a text there is none");
  const std::string_view out = fuzz::string_of(json);
  if (text.size() <= room - 5) return require_same(out, repaired(text), "a text that fits is whole");
  const auto mark = out.rfind("…[cut ");
  require(mark != std::string_view::npos && out.ends_with(']'), "a text that was cut says so", out);
  const std::size_t left_out = std::stoul(std::string(out.substr(mark + std::string_view("…[cut ").size())));
  const std::size_t kept = text.size() - left_out;
  require(left_out <= text.size() && kept + 3 >= room - 5 && kept <= room - 5, "at most part of a character is cut beside", out);
  require_same(out.substr(0, mark), repaired(text.substr(0, kept)), "a text that was cut is its beginning");
  require(!simdjson::validate_utf8(text.data(), text.size()) || simdjson::validate_utf8(text.data(), kept),
          "no character is cut in two", out);
}

void check_tokens(std::string_view tokens) {
  for (const std::uint64_t cut : {0u, 7u}) {
    std::string json;
    scout::detail::append_tag_json(json, scout::detail::RecordKind::tag, 0, cut, tokens);
    fuzz::StrictJson().parse(json);
  }
}

void check_scalar(Bytes bytes) {
  using scout::detail::RecordKind;
  const auto kind = static_cast<RecordKind>(bytes.number() % 20);
  const std::string_view words = Bytes(bytes).take(16);
  const auto a = bytes.number<std::uint64_t>(), b = bytes.number<std::uint64_t>();
  std::string json;
  scout::detail::append_tag_json(json, kind, a, b, {});
  fuzz::StrictJson strict;
  const auto element = strict.parse(json);
  switch (kind) {
    case RecordKind::tag_false: return compare(element, {'f', 0, {}, {}});
    case RecordKind::tag_true: return compare(element, {'t', 0, {}, {}});
    case RecordKind::tag_signed: return compare(element, {'i', a, {}, {}});
    case RecordKind::tag_unsigned: return compare(element, {'u', a, {}, {}});
    case RecordKind::tag_real: return compare(element, {'d', a, {}, {}});
    case RecordKind::tag_text: return compare(element, {'s', 0, std::string(words.substr(0, words.find('\0'))), {}});
    default: return require(element.is_null(), "anything else is null");
  }
}

void check_time(Bytes bytes) {
  using namespace std::chrono;
  constexpr std::int64_t limit = 9'223'000'000'000'000'000;  // 1677 to 2262
  const sys_time<nanoseconds> time{nanoseconds(std::clamp(bytes.number<std::int64_t>(), -limit, limit))};
  std::string json;
  scout::append_json_timestamp(json, time);
  int y, hour, minute, second, fraction;
  unsigned m, d;
  char end[3];
  require(
      std::sscanf(json.c_str(), "\"%4d-%2u-%2uT%2d:%2d:%2d.%6d%2s", &y, &m, &d, &hour, &minute, &second, &fraction, end) == 8 &&
          std::string_view(end) == "Z\"" && json.size() == 29,
      "a time is in RFC 3339's form", json);
  require(sys_days{year(y) / month(m) / day(d)} + hours(hour) + minutes(minute) + seconds(second) + microseconds(fraction) ==
              floor<microseconds>(time),
          "a time is exact to the microsecond", json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  Bytes recipe(input);
  const std::uint64_t room = recipe.number<std::uint16_t>() % Ring::size;
  check_text(input);
  check_cut_text(input, room % 64);
  check_tokens(input);
  check_scalar(Bytes(input));
  check_time(Bytes(input));

  const Value value = value_of(recipe, static_cast<char>(recipe.number()));
  fuzz::StrictJson strict;
  Ring whole(room, Ring::size);
  compare(strict.parse(whole.json(value)), value);
  require(whole.cut == 0, "what fits is not cut");
  Ring small(room, room % 256);
  strict.parse(small.json(value));
  return 0;
}
