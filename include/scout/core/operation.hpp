#ifndef SCOUT_CORE_OPERATION_HPP
#define SCOUT_CORE_OPERATION_HPP

// Names as they arrive from an application: literals, which travel as pointers, and any other text, which is copied.

#include <cstddef>
#include <cstdint>

// clang 14 crashes on two consteval constructors in one function; there, that an argument is a literal is not checked.
#if defined(__clang__) && __clang_major__ < 15
#  define SCOUT_DETAIL_CONSTEVAL constexpr
#else
#  define SCOUT_DETAIL_CONSTEVAL consteval
#endif

namespace scout::inline v0 {

// The whole name of a span, "<Kind>/<Name>", from a string literal: costs nothing at run time. Kinds with a meaning for
// Scout: Controller, Job, SQL, HTTP, Redis, Template, Custom; names must not contain ids.
class Operation {
 public:
  template <std::size_t N>
  SCOUT_DETAIL_CONSTEVAL Operation(const char (&literal)[N]) noexcept : text_(literal) {}

  constexpr const char* c_str() const noexcept { return text_; }  // the literal itself

 private:
  const char* text_;
};

namespace detail {

// Only from __func__: static storage, but no constant.
struct FunctionName {
  const char* text;
};

// Traits are concepts and functions: a variable template of a type with internal linkage is emitted by gcc -O0.
template <class T, std::size_t N>
void take_array(const T (&)[N]);  // declared only
template <class T>
concept Array = requires(const T& value) { take_array(value); };

template <class Character>
constexpr bool points_to_characters(const Character*) noexcept {
  return __is_same(const Character, const char) || __is_same(const Character, const char8_t);
}

template <class T>
concept CharacterSequence = requires(const T& text) {
  { text.size() + 0u };
  requires points_to_characters(static_cast<decltype(text.data())>(nullptr));
};

template <class T>
concept CharacterPointer = !__is_same(const T&, const decltype(nullptr)&) && (requires(const T& text) { static_cast<const char*>(text); } ||
                                                                              requires(const T& text) { static_cast<const char8_t*>(text); });

// A string of any kind (std::string, std::string_view, QByteArray, char*, a literal…), looked at during one call.
// A null pointer is the empty text.
struct Text {
  const char* data;
  std::size_t size;

  template <class T>
    requires(CharacterSequence<T> || CharacterPointer<T>)
  Text(const T& text) noexcept : data(nullptr), size(0) {
    if constexpr (CharacterSequence<T>) {
      data = reinterpret_cast<const char*>(text.data());
      size = static_cast<std::size_t>(text.size());
    } else {
      if constexpr (requires { static_cast<const char*>(text); }) {
        data = static_cast<const char*>(text);
      } else {
        data = reinterpret_cast<const char*>(static_cast<const char8_t*>(text));
      }
      if (data != nullptr) size = __builtin_strlen(data);
    }
  }
  constexpr Text(const char* bytes, std::size_t length) noexcept : data(bytes), size(length) {}
};

template <class T>
concept TextLike = requires(const T& text) { Text(text); };

}  // namespace detail
}  // namespace scout::inline v0

#endif
