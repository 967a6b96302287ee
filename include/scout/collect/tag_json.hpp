#ifndef SCOUT_COLLECT_TAG_JSON_HPP
#define SCOUT_COLLECT_TAG_JSON_HPP

// The JSON text of a tag, from what core/tag.hpp's TagWriter or a scalar record left in the ring.

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "../core/json_text.hpp"
#include "../core/record.hpp"

namespace scout::inline v0::detail {

// What remains of a text of which `cut` bytes were left out: no half character at its end, and a mark.
inline std::string cut_text(std::string_view text, std::uint64_t cut) {
  std::size_t end = text.size();
  while (end > 0 && text.size() - end < 3 && (static_cast<unsigned char>(text[end - 1]) & 0xc0) == 0x80) --end;
  if (end > 0 && static_cast<unsigned char>(text[end - 1]) >= 0xc0) {
    const auto lead = static_cast<unsigned char>(text[end - 1]);
    const std::size_t whole = lead >= 0xf0 ? 4u : lead >= 0xe0 ? 3u : 2u;
    end = text.size() - end + 1 < whole ? end - 1 : text.size();
  } else {
    end = text.size();
  }
  return fmt::format("{}…[cut {}]", text.substr(0, end), cut + text.size() - end);
}

// Reads tokens; a stream that was cut ends wherever it ends, and what is open is closed.
class TokenReader {
 public:
  TokenReader(std::string_view tokens, std::uint64_t cut_bytes, std::string& out) noexcept
      : tokens_(tokens), cut_(cut_bytes), out_(out) {}

  void read() {
    if (!value()) append_json_null(out_);
  }

 private:
  char next() noexcept {
    if (tokens_.empty()) {
      has_run_out_ = true;
      return '\0';
    }
    const char token = tokens_.front();
    tokens_.remove_prefix(1);
    return token;
  }
  template <class Number>
  Number number() noexcept {
    Number value{};
    if (tokens_.size() < sizeof value) [[unlikely]] {  // cut off
      tokens_ = {};
      return value;
    }
    std::memcpy(&value, tokens_.data(), sizeof value);
    tokens_.remove_prefix(sizeof value);
    return value;
  }
  void string() {
    const auto size = number<std::uint32_t>();
    std::string_view text = tokens_.substr(0, size);
    tokens_.remove_prefix(text.size());
    if (cut_ == 0 || !tokens_.empty()) return append_json_string(out_, text);
    append_mark(text);
  }
  void append_mark(std::string_view text) {
    append_json_string(out_, cut_text(text, cut_));
    is_marked_ = true;
  }
  // The innermost array or object that was cut says so, if no text in it does.
  bool needs_mark() const noexcept { return cut_ != 0 && has_run_out_ && !is_marked_; }

  // False: the end of an array or an object, or of the tokens.
  bool value() {
    switch (next()) {
      case 'n': append_json_null(out_); return true;
      case 'f': append_json_bool(out_, false); return true;
      case 't': append_json_bool(out_, true); return true;
      case 'i': append_json_number(out_, number<std::int64_t>()); return true;
      case 'u': append_json_number(out_, number<std::uint64_t>()); return true;
      case 'd': append_json_number(out_, number<double>()); return true;
      case 's': string(); return true;
      case '[': array(); return true;
      case '{': object(); return true;
      default: return false;
    }
  }
  void array() {
    out_ += '[';
    while (value()) out_ += ',';
    if (needs_mark()) {
      append_mark({});
    } else if (out_.back() == ',') {
      out_.pop_back();
    }
    out_ += ']';
  }
  void object() {
    out_ += '{';
    while (next() == 's') {
      string();
      out_ += ':';
      if (!value()) append_json_null(out_);
      out_ += ',';
    }
    if (needs_mark()) {
      append_mark({});
      out_ += ":null";
    } else if (out_.back() == ',') {
      out_.pop_back();
    }
    out_ += '}';
  }

  std::string_view tokens_;
  std::uint64_t cut_;
  std::string& out_;
  bool has_run_out_ = false, is_marked_ = false;
};

// Appends the value of a tag's record; `payload` is what followed it in the ring, without the key.
inline void append_tag_json(std::string& out, RecordKind kind, std::uint64_t a, std::uint64_t b, std::string_view payload) {
  switch (kind) {
    case RecordKind::tag_false: return append_json_bool(out, false);
    case RecordKind::tag_true: return append_json_bool(out, true);
    case RecordKind::tag_signed: return append_json_number(out, static_cast<std::int64_t>(a));
    case RecordKind::tag_unsigned: return append_json_number(out, a);
    case RecordKind::tag_real: return append_json_number(out, std::bit_cast<double>(a));
    case RecordKind::tag_text: {
      char bytes[16];
      std::memcpy(bytes, &a, sizeof a);
      std::memcpy(bytes + sizeof a, &b, sizeof b);
      return append_json_string(out, {bytes, strnlen(bytes, sizeof bytes)});
    }
    case RecordKind::tag: return TokenReader(payload, b, out).read();
    default: return append_json_null(out);
  }
}

}  // namespace scout::inline v0::detail

#endif
