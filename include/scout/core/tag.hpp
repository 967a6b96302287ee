#ifndef SCOUT_CORE_TAG_HPP
#define SCOUT_CORE_TAG_HPP

// Values of tags and context: anything with a JSON form. On the application's thread they become bytes, cheaply and
// without allocation: a scalar is two words, everything else a stream of tokens that the collector turns into JSON.
//
//   null n · false f · true t · signed i + 8 bytes · unsigned u + 8 · double d + 8 · string s + 4 bytes size + characters ·
//   array [ … ] · object { string value … }

#include <cstddef>
#include <cstdint>

#include "operation.hpp"
#include "record.hpp"

namespace scout::inline v0 {

class TagWriter;

namespace detail {

template <class T>
struct Plain {
  using Type = T;
};
template <class T>
struct Plain<T&> : Plain<T> {};
template <class T>
struct Plain<T&&> : Plain<T> {};
template <class T>
struct Plain<const T> : Plain<T> {};

// No <type_traits> in a header that everybody includes.
template <class T>
concept Enumeration = __is_enum(T);
template <class T>
concept SignedInteger = __is_same(T, signed char) || __is_same(T, short) || __is_same(T, int) || __is_same(T, long) || __is_same(T, long long);
template <class T>
concept UnsignedInteger = __is_same(T, unsigned char) || __is_same(T, unsigned short) || __is_same(T, unsigned) ||
                          __is_same(T, unsigned long) || __is_same(T, unsigned long long);
template <class T>
concept Integer = SignedInteger<T> || UnsignedInteger<T> || Enumeration<T>;
template <class T>
concept Real = __is_same(T, float) || __is_same(T, double) || __is_same(T, long double);

template <class T>
concept Scalar = __is_same(T, decltype(nullptr)) || __is_same(T, bool) || Integer<T> || Real<T>;

// An enumeration's to_json for any writer at all is that of a JSON library (NLOHMANN_JSON_SERIALIZE_ENUM), and none of ours.
struct AnyWriter {};
template <class T>
concept HasToJson = requires(TagWriter& writer, const T& value) { to_json(writer, value); } &&
                    !(Enumeration<T> && requires(AnyWriter& writer, const T& value) { to_json(writer, value); });
template <class T>
concept OptionalLike = requires(const T& value) {
  value.has_value();
  *value;
};
template <class T>
concept MapLike = requires(const T& value) {
  typename T::mapped_type;
  value.begin()->first;
  value.begin()->second;
  value.end();
};
template <class T>
concept RangeLike = Array<T> || requires(const T& value) {
  *value.begin();
  value.end();
};

template <class T>
const T& sample() noexcept;  // declared only

// What a range holds; what libc++'s std::vector<bool> hands out only stands for it.
template <class T>
struct ElementOf {
  using Type = typename Plain<decltype(*sample<T>().begin())>::Type;
};
template <Array T>
struct ElementOf<T> {
  using Type = typename Plain<decltype(sample<T>()[0])>::Type;
};
template <class T>
  requires __is_same(typename T::value_type, bool)
struct ElementOf<T> {
  using Type = bool;
};

template <class T>
constexpr bool taggable() noexcept {
  if constexpr (HasToJson<T> || Scalar<T> || TextLike<T> || __is_same(T, char)) {
    return true;
  } else if constexpr (OptionalLike<T>) {
    return taggable<typename Plain<decltype(*sample<T>())>::Type>();
  } else if constexpr (MapLike<T>) {
    return (TextLike<typename T::key_type> || Integer<typename T::key_type>) && taggable<typename T::mapped_type>();
  } else if constexpr (RangeLike<T>) {
    using Element = typename ElementOf<T>::Type;
    if constexpr (__is_same(Element, T)) {
      return false;  // a range of itself, such as std::filesystem::path
    } else {
      return taggable<Element>();
    }
  } else {
    return false;
  }
}

// An enumerator's number; of an enumeration of characters, too.
template <Enumeration T>
[[gnu::always_inline]] constexpr auto number_of(T value) noexcept {
  if constexpr (Scalar<__underlying_type(T)>) {
    return static_cast<__underlying_type(T)>(value);
  } else {
    return +static_cast<__underlying_type(T)>(value);
  }
}

// A scalar as the words a and b of its record.
struct ScalarWords {
  RecordKind kind;
  std::uint64_t a;
};

template <Scalar T>
[[gnu::always_inline]] constexpr ScalarWords scalar_words(T value) noexcept {
  if constexpr (__is_same(T, decltype(nullptr))) {
    return {RecordKind::tag_null, 0};
  } else if constexpr (__is_same(T, bool)) {
    return {value ? RecordKind::tag_true : RecordKind::tag_false, 0};
  } else if constexpr (Real<T>) {
    return {RecordKind::tag_real, __builtin_bit_cast(std::uint64_t, static_cast<double>(value))};
  } else if constexpr (Enumeration<T>) {
    return scalar_words(number_of(value));
  } else if constexpr (SignedInteger<T>) {
    return {RecordKind::tag_signed, static_cast<std::uint64_t>(static_cast<std::int64_t>(value))};
  } else {
    return {RecordKind::tag_unsigned, static_cast<std::uint64_t>(value)};
  }
}

}  // namespace detail

// What a tag or a context value may be: bool, numbers, enumerations, strings of every kind, nullptr, optionals, ranges and
// maps of these, and types with `void to_json(scout::TagWriter&, const T&)` found by argument-dependent lookup.
template <class T>
concept Taggable = detail::taggable<T>();

// The key of a tag: a literal is kept as a pointer, any other text is copied with the tag (on clang 14 a literal, too,
// unless it comes from a macro).
class TagKey {
 public:
  template <std::size_t N>
  SCOUT_DETAIL_CONSTEVAL TagKey(const char (&literal)[N]) noexcept : TagKey(literal, N - 1, literals_are_checked) {}
  template <std::size_t N>
  TagKey(char (&characters)[N]) noexcept : TagKey(detail::Text(static_cast<const char*>(characters))) {}
  template <detail::TextLike T>
    requires(!detail::Array<T>)
  TagKey(const T& text) noexcept : TagKey(detail::Text(text)) {}

  // Only for what is a literal for certain.
  template <std::size_t N>
  static constexpr TagKey of_literal(const char (&literal)[N]) noexcept {
    return TagKey(literal, N - 1, true);
  }

  // The key's bytes, without a NUL at their end; and whether they are a literal, which outlives the call.
  constexpr const char* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool is_literal() const noexcept { return literal_; }

 private:
#if defined(__clang__) && __clang_major__ < 15
  static constexpr bool literals_are_checked = false;
#else
  static constexpr bool literals_are_checked = true;
#endif

  explicit TagKey(detail::Text text) noexcept : TagKey(text.data, text.size, false) {}
  constexpr TagKey(const char* data, std::size_t size, bool literal) noexcept : data_(data), size_(size), literal_(literal) {}

  const char* data_;
  std::size_t size_;
  bool literal_;
};

// Writes one value as tokens into a ring; to_json() of a user's type receives it. What does not fit is left out and counted.
class TagWriter {
 public:
  // Room from `position` to `end` in a ring whose size is mask + 1.
  TagWriter(char* ring, std::uint64_t mask, std::uint64_t position, std::uint64_t end) noexcept
      : ring_(ring), mask_(mask), begin_(position), position_(position), end_(end) {}

  // A value, with all that is in it; a text; an array, whose values follow; an object, in which a value follows each
  // key.
  template <Taggable T>
  void value(const T& value) noexcept(noexcept_value<T>);
  void text(detail::Text text) noexcept {
    if (skipping() || !fits(1 + sizeof(std::uint32_t))) return cut(text.size != 0 ? text.size : 1);
    const std::uint64_t room = end_ - position_ - 1 - sizeof(std::uint32_t);
    const auto kept = static_cast<std::uint32_t>(text.size < room ? text.size : room);
    put('s');
    bytes(&kept, sizeof kept);
    bytes(text.data, kept);
    if (kept < text.size) cut(text.size - kept);
  }
  void begin_array() noexcept { begin('['); }
  void end_array() noexcept { end(']'); }
  void begin_object() noexcept { begin('{'); }
  void key(detail::Text name) noexcept { text(name); }
  void end_object() noexcept { end('}'); }

  // Bytes that were written, and bytes that did not fit.
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(position_ - begin_); }
  std::uint64_t cut_bytes() const noexcept { return cut_; }

 private:
  template <class T>
  static constexpr bool noexcept_value = !detail::HasToJson<T> && (detail::Scalar<T> || detail::TextLike<T>);
  static constexpr int deepest = 16;  // arrays and objects below this become null

  bool skipping() const noexcept { return cut_ != 0 || depth_ > deepest; }
  bool fits(std::size_t size) const noexcept { return end_ - position_ >= size; }
  void cut(std::size_t size) noexcept {
    if (depth_ <= deepest) cut_ += size;
  }
  void put(char byte) noexcept { ring_[position_++ & mask_] = byte; }
  void bytes(const void* source, std::size_t size) noexcept {
    const std::size_t offset = position_ & mask_;
    const std::size_t first = size < mask_ + 1 - offset ? size : mask_ + 1 - offset;
    if (first != 0) __builtin_memcpy(ring_ + offset, source, first);
    if (size != first) __builtin_memcpy(ring_, static_cast<const char*>(source) + first, size - first);
    position_ += size;
  }
  void scalar(detail::ScalarWords words) noexcept {
    const bool wide = words.kind >= detail::RecordKind::tag_signed;
    if (skipping() || !fits(wide ? 9 : 1)) return cut(1);
    put("nftiud"[static_cast<int>(words.kind) - static_cast<int>(detail::RecordKind::tag_null)]);
    if (wide) bytes(&words.a, sizeof words.a);
  }
  void begin(char token) noexcept {
    if (depth_ == deepest) scalar({detail::RecordKind::tag_null, 0});
    ++depth_;
    if (skipping()) return;
    if (!fits(1)) return cut(1);
    put(token);
  }
  void end(char token) noexcept {
    const bool skipped = skipping();
    --depth_;
    if (skipped) return;
    if (!fits(1)) return cut(1);
    put(token);
  }
  template <class Key>
  void map_key(const Key& name) noexcept {
    if constexpr (detail::TextLike<Key>) {
      key(name);
    } else if constexpr (detail::Enumeration<Key>) {
      map_key(detail::number_of(name));
    } else {
      char digits[24];
      char* out = digits + sizeof digits;
      const bool negative = detail::SignedInteger<Key> && name < Key{};
      auto rest = static_cast<std::uint64_t>(name);
      if (negative) rest = 0 - rest;
      do *--out = static_cast<char>('0' + rest % 10);
      while ((rest /= 10) != 0);
      if (negative) *--out = '-';
      key({out, static_cast<std::size_t>(digits + sizeof digits - out)});
    }
  }

  char* ring_;
  std::uint64_t mask_, begin_, position_, end_;
  std::uint64_t cut_ = 0;
  int depth_ = 0;
};

template <Taggable T>
void TagWriter::value(const T& value) noexcept(noexcept_value<T>) {
  if constexpr (detail::HasToJson<T>) {
    to_json(*this, value);
  } else if constexpr (detail::Scalar<T>) {
    scalar(detail::scalar_words(value));
  } else if constexpr (__is_same(T, char)) {
    text({&value, 1});
  } else if constexpr (detail::TextLike<T>) {
    text(value);
  } else if constexpr (detail::OptionalLike<T>) {
    if (value.has_value()) {
      this->value(*value);
    } else {
      scalar({detail::RecordKind::tag_null, 0});
    }
  } else if constexpr (detail::MapLike<T>) {
    begin_object();
    for (const auto& [name, mapped] : value) {
      map_key(name);
      this->value(mapped);
    }
    end_object();
  } else {
    begin_array();
    for (const typename detail::ElementOf<T>::Type& element : value) this->value(element);
    end_array();
  }
}

}  // namespace scout::inline v0

#endif
