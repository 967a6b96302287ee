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

  // Has `write` put up to `most` bytes where it is told, with one look at the room for all of them; it returns the end of what
  // it wrote. Where there is no room, that is elsewhere first.
  template <class Write>
  void append_up_to(std::size_t most, Write write) {
    if (most > room()) [[unlikely]] {
      std::string place(most, '\0');
      append(place.data(), static_cast<std::size_t>(write(place.data()) - place.data()));
    } else {
      out_ = write(out_);
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

  char *begin_, *out_, *end_;
  std::size_t beyond_ = 0;  // of what did not go in
};

}  // namespace scout::inline v0

#endif
