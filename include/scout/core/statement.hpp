#ifndef SCOUT_CORE_STATEMENT_HPP
#define SCOUT_CORE_STATEMENT_HPP

// Statements without their values, so that "… WHERE id = 1" and "… WHERE id = 2" are one: every number, quoted text and
// placeholder is '?', a list of them one '?', and white space one blank. Any language that looks like SQL; no allocation.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scout::inline v0::detail {

// dollar: of a placeholder, or before and behind a text, but a letter within a name.
enum class StatementCharacter : std::uint8_t { other, letter, digit, dollar, quote, placeholder, comma, blank };

struct StatementCharacters {
  StatementCharacter kinds[256] = {};

  constexpr StatementCharacters() noexcept {
    using enum StatementCharacter;
    for (int c = 0; c < 256; ++c) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
      if (is_letter) kinds[c] = letter;
      if (c >= '0' && c <= '9') kinds[c] = digit;
    }
    kinds[static_cast<int>('\'')] = quote;
    kinds[static_cast<int>('?')] = placeholder;
    kinds[static_cast<int>('$')] = dollar;
    kinds[static_cast<int>(',')] = comma;
    kinds[static_cast<int>(' ')] = kinds[static_cast<int>('\t')] = blank;
    kinds[static_cast<int>('\n')] = kinds[static_cast<int>('\r')] = blank;
  }
  constexpr StatementCharacter of(char c) const noexcept { return kinds[static_cast<unsigned char>(c)]; }
};
inline constexpr StatementCharacters statement_characters;

inline constexpr std::size_t statement_stride = 16;  // bytes that are looked at together
using StatementBytes [[gnu::vector_size(statement_stride)]] = unsigned char;

inline StatementBytes load_stride(const char* text) noexcept {
  StatementBytes bytes;
  __builtin_memcpy(&bytes, text, sizeof bytes);
  return bytes;
}

// The top bit of each byte.
template <class Bytes>
[[gnu::always_inline]] inline std::uint32_t stride_mask(Bytes bytes) noexcept {
#if defined(__SSE2__)
  using Chars [[gnu::vector_size(statement_stride)]] = char;
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<Chars>(bytes)));
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < statement_stride; ++i) mask |= static_cast<std::uint32_t>((bytes[i] & 0x80) != 0) << i;
  return mask;
#endif
}

// A bit for each byte where a value begins, and for white space that is not one blank.
[[gnu::always_inline]] inline std::uint32_t remarkable_bytes(StatementBytes bytes, bool after_word, bool after_blank) noexcept {
  const auto digits = bytes - '0' <= 9;
  const auto letters = (bytes | 0x20) - 'a' <= 25;
  const auto starts = digits | (bytes == '$');
  const std::uint32_t words = stride_mask(letters | starts | (bytes == '_')) | stride_mask(bytes);
  const std::uint32_t blanks = stride_mask(bytes == ' ');
  const std::uint32_t other_blanks = stride_mask((bytes == '\t') | (bytes == '\n') | (bytes == '\r'));
  return stride_mask((bytes == '\'') | (bytes == '?')) | other_blanks |
         (stride_mask(starts) & ~(words << 1 | std::uint32_t{after_word})) |
         (blanks & ((blanks | other_blanks) << 1 | std::uint32_t{after_blank}));
}

// The folded text on its way out: pieces of piece_size bytes and a shorter last one, behind which zeros fill the stride.
template <class Emit>
class FoldedText {
 public:
  static constexpr std::size_t piece_size = 256;

  explicit FoldedText(Emit& pass) noexcept : pass_(pass) {}

  void append(char c) {
    bytes_[size_++] = c;
    if (size_ > piece_size) pass_on();
  }
  // A whole stride can be read at `text`.
  void append(const char* text, std::size_t count) {
    __builtin_memcpy(bytes_ + size_, text, statement_stride);
    size_ += count;
    if (size_ > piece_size) pass_on();
  }
  // Without the blank at the end, if there is one.
  void finish() {
    if (size_ != 0 && bytes_[size_ - 1] == ' ') --size_;
    __builtin_memset(bytes_ + size_, 0, statement_stride);
    pass_(static_cast<const char*>(bytes_), size_);
  }

 private:
  void pass_on() {
    pass_(static_cast<const char*>(bytes_), piece_size);
    size_ -= piece_size;
    __builtin_memcpy(bytes_, bytes_ + piece_size, statement_stride);
  }

  Emit& pass_;
  std::size_t size_ = 0;
  char bytes_[piece_size + 2 * statement_stride];
};

class StatementReader {
 public:
  StatementReader(const char* text, std::size_t size) noexcept : text_(text), size_(size) {}

  template <class Emit>
  void fold(FoldedText<Emit>& out) {
    using enum StatementCharacter;
    while (at_ < size_) {
      copy_plain(out);
      if (at_ == size_) return;
      if (kind() == blank) {
        if (at_ == 0 || statement_characters.of(text_[at_ - 1]) != blank) out.append(' ');
        skip_blanks();
      } else {
        fold_values(out);
        fresh_ = at_;
      }
    }
  }

 private:
  // As far as there is nothing remarkable. The branches are there to be predicted: what comes next must not wait for the mask.
  template <class Emit>
  void copy_plain(FoldedText<Emit>& out) {
    std::uint32_t found = 0;
    for (; size_ - at_ >= statement_stride; at_ += statement_stride) {
      found = remarkable(load_stride(text_ + at_));
      if (found != 0) {
        out.append(text_ + at_, static_cast<std::size_t>(__builtin_ctz(found)));
        at_ += static_cast<std::size_t>(__builtin_ctz(found));
        return;
      }
      out.append(text_ + at_, statement_stride);
    }
    if (at_ == size_) return;
    char last[statement_stride] = {};
    __builtin_memcpy(last, text_ + at_, size_ - at_);
    found = remarkable(load_stride(last)) | 1u << (size_ - at_);
    out.append(last, static_cast<std::size_t>(__builtin_ctz(found)));
    at_ += static_cast<std::size_t>(__builtin_ctz(found));
  }
  std::uint32_t remarkable(StatementBytes stride) const noexcept {
    using enum StatementCharacter;
    const StatementCharacter before = at_ > fresh_ ? statement_characters.of(text_[at_ - 1]) : other;
    return remarkable_bytes(stride, before == letter || before == digit || before == dollar, before == blank);
  }

  StatementCharacter kind() const noexcept { return at_ < size_ ? statement_characters.of(text_[at_]) : StatementCharacter::other; }
  static bool is_of_word(char c) noexcept {
    const StatementCharacter kind = statement_characters.of(c);
    return kind == StatementCharacter::letter || kind == StatementCharacter::digit;
  }
  bool at_word() const noexcept { return at_ < size_ && is_of_word(text_[at_]); }
  bool at_value() const noexcept {
    using enum StatementCharacter;
    return kind() == digit || kind() == dollar || kind() == quote || kind() == placeholder;
  }
  bool skip_blanks() noexcept {
    const std::size_t begin = at_;
    while (kind() == StatementCharacter::blank) ++at_;
    return at_ != begin;
  }

  void skip_value() noexcept {
    const char first = text_[at_++];
    if (first == '\'') {
      if (!skip_comment()) skip_text();
      told_ = at_;
      return;
    }
    if (first == '$' && skip_text_between_dollars()) return;
    while (at_word() || (at_ < size_ && (text_[at_] == '.' || is_sign_of_exponent()))) ++at_;
  }
  // Behind a quote: to the end of the comment that it stands in, if it does.
  bool skip_comment() noexcept {
    const std::string_view whole(text_, size_), before = whole.substr(0, at_);
    std::size_t block = before.find("/*", told_), line = before.find("--", told_);
    while (block != before.npos || line != before.npos) {
      const std::size_t last = block < line ? whole.find("*/", block + 2) : whole.find('\n', line);
      const std::size_t end = last == whole.npos ? size_ : last + (block < line ? 2 : 1);
      if (end > at_ || last == whole.npos) {
        at_ = end;
        return true;
      }
      if (block < end) block = before.find("/*", end);
      if (line < end) line = before.find("--", end);
    }
    return false;
  }
  // A quote inside is doubled, and so looks like the next text, or stands behind a backslash.
  void skip_text() noexcept {
    while (true) {
      for (std::uint32_t found = 0; size_ - at_ >= statement_stride; at_ += statement_stride) {
        const StatementBytes bytes = load_stride(text_ + at_);
        found = stride_mask((bytes == '\'') | (bytes == '\\'));
        if (found == 0) continue;
        at_ += static_cast<std::size_t>(__builtin_ctz(found));
        break;
      }
      while (at_ < size_ && text_[at_] != '\'' && text_[at_] != '\\') ++at_;
      if (at_ == size_) return;
      const bool closed = text_[at_++] == '\'' && kind() != StatementCharacter::quote;
      if (closed || at_ == size_) return;
      ++at_;
    }
  }
  // Behind the first dollar: $$text$$ or $tag$text$tag$, as PostgreSQL has them; one that is open ends with the statement.
  bool skip_text_between_dollars() noexcept {
    if (kind() == StatementCharacter::digit) return false;
    const std::string_view rest(text_ + at_, size_ - at_);
    std::size_t tag = 0;
    while (tag < rest.size() && is_of_word(rest[tag])) ++tag;
    if (tag == rest.size() || rest[tag] != '$') return false;
    const std::string_view quote(text_ + at_ - 1, tag + 2);
    const std::size_t end = rest.find(quote, tag + 1);
    at_ = end == rest.npos ? size_ : at_ + end + quote.size();
    return true;
  }
  bool is_sign_of_exponent() const noexcept {
    return (text_[at_] == '-' || text_[at_] == '+') && (text_[at_ - 1] | 32) == 'e';
  }

  // One value, or a list of them, and the white space and comma behind it; others that follow at once.
  template <class Emit>
  void fold_values(FoldedText<Emit>& out) {
    for (bool in_list = false;;) {
      skip_value();
      if (!in_list) out.append('?');
      const bool spaced = skip_blanks();
      in_list = kind() == StatementCharacter::comma;
      if (in_list) {
        ++at_;
        const bool spaced_behind = skip_blanks();
        if (at_value()) continue;
        out.append(',');
        if (spaced_behind) out.append(' ');
        return;
      }
      if (spaced) out.append(' ');
      if (!at_value()) return;
    }
  }

  const char* text_;
  std::size_t size_;
  std::size_t at_ = 0;
  std::size_t fresh_ = 0;  // what stands before it has no say in what follows
  std::size_t told_ = 0;   // what stands before it is no comment that is open
};

// Calls pass(text, size) for pieces of the folded statement, in order; statements that are equal when folded have equal
// pieces.
template <class Emit>
void fold_statement(const char* text, std::size_t size, Emit pass) {
  FoldedText<Emit> out(pass);
  StatementReader(text, size).fold(out);
  out.finish();
}

// Equal for statements that are equal when folded; never 0. Some 0.5 ns a character.
inline std::uint32_t hash_statement(const char* text, std::size_t size) noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  std::uint64_t lanes[2] = {odd, 0};
  fold_statement(text, size, [&lanes](const char* piece, std::size_t length) {
    for (std::size_t at = 0; at < length; at += sizeof lanes) {
      std::uint64_t words[2];
      __builtin_memcpy(words, piece + at, sizeof words);
      for (int i = 0; i < 2; ++i) {
        lanes[i] = (lanes[i] ^ words[i]) * odd;
        lanes[i] ^= lanes[i] >> 32;
      }
    }
    lanes[1] += length;
  });
  const std::uint64_t hash = (lanes[0] ^ lanes[1] * odd) * odd;
  const auto folded = static_cast<std::uint32_t>(hash >> 32);
  return folded != 0 ? folded : 1;
}

}  // namespace scout::inline v0::detail

#endif
