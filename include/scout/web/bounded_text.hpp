#ifndef SCOUT_WEB_BOUNDED_TEXT_HPP
#define SCOUT_WEB_BOUNDED_TEXT_HPP

// A text of bounded length on the stack; what does not fit is counted and the text says so at its end: "…[cut 120]".

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace scout::inline v0::detail {

template <std::size_t Capacity>
class BoundedText {
 public:
  void append(char c) noexcept {
    if (size_ < Capacity) {
      text_[size_++] = c;
    } else {
      ++cut_;
    }
  }
  void append(std::string_view text) noexcept {
    const std::size_t fits = text.size() < Capacity - size_ ? text.size() : Capacity - size_;
    if (fits != 0) std::memcpy(text_ + size_, text.data(), fits);
    size_ += fits;
    cut_ += text.size() - fits;
  }
  void skip(std::size_t bytes) noexcept { cut_ += bytes; }

  // Valid while this object lives; nothing may be appended afterwards.
  std::string_view finish() noexcept {
    if (cut_ == 0) return {text_, size_};
    constexpr std::string_view open = "…[cut ";
    std::memcpy(text_ + size_, open.data(), open.size());
    char* end = std::to_chars(text_ + size_ + open.size(), text_ + sizeof text_ - 1, cut_).ptr;
    *end++ = ']';
    return {text_, static_cast<std::size_t>(end - text_)};
  }

 private:
  static constexpr std::size_t mark_size = 32;  // "…[cut 18446744073709551615]"

  char text_[Capacity + mark_size];
  std::size_t size_ = 0, cut_ = 0;
};

}  // namespace scout::inline v0::detail

#endif
