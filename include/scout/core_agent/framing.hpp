#ifndef SCOUT_CORE_AGENT_FRAMING_HPP
#define SCOUT_CORE_AGENT_FRAMING_HPP

// Framing of the core agent's stream, the same in both directions: four bytes of length, big-endian, then that many bytes
// of JSON. A FrameReader belongs to one connection and takes its bytes in whatever pieces they arrive.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/expected.hpp"

namespace scout::inline v0 {

// Bytes before each message: its size, the most significant byte first.
inline constexpr std::size_t frame_header_size = 4;

// Writes frame_header_size bytes.
inline void write_frame_header(char* out, std::uint32_t size) noexcept {
  for (int shift = 24; shift >= 0; shift -= 8) *out++ = static_cast<char>(size >> shift & 0xff);
}

// The size that frame_header_size bytes say.
inline std::uint32_t read_frame_header(const char* in) noexcept {
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < frame_header_size; ++i) size = size << 8 | static_cast<unsigned char>(in[i]);
  return size;
}

// Turns pieces of the stream into frames: read into space(), tell filled(), then take frames with next() until it has none.
class FrameReader {
 public:
  explicit FrameReader(std::uint32_t max_size) noexcept : max_size_(max_size) {}

  // Where to read() into next; not empty as long as next() is called until it has no more. Grows with the bytes that came,
  // not with the length a peer announced.
  std::span<char> space() {
    compact();
    if (buffer_.size() - end_ < min_space) buffer_.resize(std::min(std::max(2 * buffer_.size(), first_space), limit()));
    return {buffer_.data() + end_, buffer_.size() - end_};
  }

  // Precondition: n <= the size of the last space().
  void filled(std::size_t n) noexcept { end_ += n; }

  // One whole payload, valid until the next space(); none: more bytes are needed. After an error the stream is out of
  // step: close the connection.
  Expected<std::optional<std::string_view>> next() {
    if (end_ - begin_ < frame_header_size) return std::optional<std::string_view>{};
    const std::uint32_t size = read_frame_header(buffer_.data() + begin_);
    if (size == 0 || size > max_size_) {
      return Error{ErrorCode::protocol,
                   "a frame of " + std::to_string(size) + " bytes, allowed are 1 to " + std::to_string(max_size_)};
    }
    if (end_ - begin_ - frame_header_size < size) return std::optional<std::string_view>{};
    const std::string_view payload(buffer_.data() + begin_ + frame_header_size, size);
    begin_ += frame_header_size + size;
    return std::optional<std::string_view>{payload};
  }

  // True between frames: a peer that closes now leaves nothing half sent.
  bool idle() const noexcept { return begin_ == end_; }

  // Forgets what is buffered, for a new connection.
  void reset() noexcept { begin_ = end_ = 0; }

 private:
  static constexpr std::size_t first_space = 4096, min_space = 1024;

  // Room for the largest frame and for what a read() takes beyond it.
  std::size_t limit() const noexcept { return frame_header_size + max_size_ + first_space; }

  void compact() noexcept {
    if (begin_ == 0) return;
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }

  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of the bytes not yet given out
  std::uint32_t max_size_;
};

}  // namespace scout::inline v0

#endif
