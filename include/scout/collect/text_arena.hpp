#ifndef SCOUT_COLLECT_TEXT_ARENA_HPP
#define SCOUT_COLLECT_TEXT_ARENA_HPP

// Text that lives as long as one transaction: views stay valid until clear(), which keeps the last chunk for the next one. The
// first is small, as most transactions need no more.

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace scout::inline v0::detail {

class TextArena {
 public:
  std::string_view copy(std::string_view text) { return overwrite(blank(text.size()), text); }
  // Of so many bytes, to be overwritten.
  std::string_view blank(std::size_t size) { return {allocate(size), size}; }
  // Writes a text where a longer one of this arena stands, or one of the same size.
  static std::string_view overwrite(std::string_view place, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(const_cast<char*>(place.data()), text.data(), text.size());
    return {place.data(), text.size()};
  }
  std::string_view join(std::string_view first, std::string_view second) {
    char* const place = allocate(first.size() + second.size());
    std::memcpy(place, first.data(), first.size());
    if (!second.empty()) std::memcpy(place + first.size(), second.data(), second.size());
    return {place, first.size() + second.size()};
  }

  std::size_t size() const noexcept { return total_; }
  void clear() noexcept {
    large_.clear();
    if (chunks_.size() > 1) {
      chunks_.front() = std::move(chunks_.back());
      chunks_.resize(1);
    }
    at_ = end_ - size_;
    total_ = 0;
  }
  // Bytes that clear() keeps.
  std::size_t kept() const noexcept { return size_; }

 private:
  static constexpr std::size_t first_size = 1024, chunk_size = 8 * 1024;

  char* allocate(std::size_t size) {
    total_ += size;
    if (size > chunk_size / 2) return large_.emplace_back(chunk(size)).get();
    if (static_cast<std::size_t>(end_ - at_) < size) add_chunk(chunks_.empty() && size <= first_size ? first_size : chunk_size);
    char* const place = at_;
    at_ += size;
    return place;
  }

  // Not std::make_unique_for_overwrite(), which libc++ has from 16 on.
  static std::unique_ptr<char[]> chunk(std::size_t size) { return std::unique_ptr<char[]>(new char[size]); }

  void add_chunk(std::size_t size) {
    chunks_.push_back(chunk(size));
    at_ = chunks_.back().get();
    end_ = at_ + size;
    size_ = size;
  }

  std::vector<std::unique_ptr<char[]>> chunks_, large_;
  char *at_ = nullptr, *end_ = nullptr;  // what is free of the last chunk
  std::size_t size_ = 0;                 // of that chunk
  std::size_t total_ = 0;
};

}  // namespace scout::inline v0::detail

#endif
