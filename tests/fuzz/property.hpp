#ifndef SCOUT_TESTS_FUZZ_PROPERTY_HPP
#define SCOUT_TESTS_FUZZ_PROPERTY_HPP

// What the fuzz targets share: how a property fails, and how arbitrary bytes become numbers and texts. A failure aborts,
// which libFuzzer and replay.cpp both notice; they keep the input.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace fuzz {

inline void print(const char* label, std::string_view text) {
  std::fputs(label, stderr);
  if (!text.empty()) std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

inline void require(bool holds, std::string_view property, std::string_view detail = {}) {
  if (holds) return;
  print("violated: ", property);
  print("", detail);
  std::abort();
}

inline void require_same(std::string_view actual, std::string_view expected, std::string_view property) {
  if (actual == expected) return;
  print("expected: ", expected);
  print("actual:   ", actual);
  require(false, property);
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Takes what comes up to the separator off the front of `rest`; all of it when there is none.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const std::string_view part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
  return part;
}

// Reads off the front of an input; zeros when it is at its end.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  std::string_view take(std::size_t size) {
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(part.size());
    return part;
  }
  template <class Number = std::uint8_t>
    requires std::is_arithmetic_v<Number> Number number() {
      Number value{};
      const std::string_view bytes = take(sizeof value);
      if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
      return value;
    }

 private:
  std::string_view rest_;
};

}  // namespace fuzz

#endif
