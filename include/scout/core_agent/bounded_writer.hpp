#ifndef SCOUT_CORE_AGENT_BOUNDED_WRITER_HPP
#define SCOUT_CORE_AGENT_BOUNDED_WRITER_HPP

// Where a message is written: a caller's buffer, which may be too small for it.

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace scout::inline v0 {

// Never writes beyond its buffer, but counts on: a look at size() tells whether all went in, or what would have been enough.
class BoundedWriter {
 public:
  explicit BoundedWriter(std::span<char> buffer) noexcept
      : begin_(buffer.data()), out_(buffer.data()), end_(buffer.data() + buffer.size()) {}

  // Where up to `most` bytes may be put, with one look at the room for all of them; commit() appends what was put there. Where
  // there is no room, that is elsewhere first.
  [[gnu::always_inline]] char* prepare(std::size_t most) { return most <= room() ? out_ : elsewhere(most); }
  [[gnu::always_inline]] void commit(char* begin, char* end) noexcept {
    if (begin == out_) [[likely]] {
      out_ = end;
    } else {
      append(begin, static_cast<std::size_t>(end - begin));
    }
  }

  // All of it, or nothing from there on.
  void append(const char* text, std::size_t size) noexcept {
    if (size > room()) {
      beyond_ += size;
      end_ = out_;  // nothing behind it either
    } else if (size != 0) {
      std::memcpy(out_, text, size);
      out_ += size;
    }
  }
  void append(std::string_view text) noexcept { append(text.data(), text.size()); }

  // Bytes of all that was appended, whether it was written or not.
  std::size_t size() const noexcept { return static_cast<std::size_t>(out_ - begin_) + beyond_; }

 private:
  std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - out_); }
  [[gnu::cold, gnu::noinline]] char* elsewhere(std::size_t most) {
    elsewhere_.resize(most);
    return elsewhere_.data();
  }

  char *begin_, *out_, *end_;
  std::size_t beyond_ = 0;  // of what did not go in
  std::string elsewhere_;
};

}  // namespace scout::inline v0

#endif
