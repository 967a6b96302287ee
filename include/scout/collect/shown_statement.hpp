#ifndef SCOUT_COLLECT_SHOWN_STATEMENT_HPP
#define SCOUT_COLLECT_SHOWN_STATEMENT_HPP

// A statement for a tag that nobody scrubs behind us: without its values whatever dialect it is in. What is a text in one dialect
// and a name in another, or ends elsewhere, is not shown. For the few statements that are told; core/statement.hpp is what all
// are counted by.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "../core/statement.hpp"

namespace scout::inline v0::detail {

// Copies a statement without comments, with '' for every text, until it cannot be told any more where a text ends.
class ShownStatement {
 public:
  explicit ShownStatement(std::string_view statement) : rest_(statement) {
    while (!rest_.empty() && !cut_) step();
  }

  const std::string& text() const noexcept { return text_; }
  bool is_cut() const noexcept { return cut_; }

 private:
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", blanks = " \t\r\n";

  void step() {
    const char c = rest_[0];
    if (rest_.starts_with("--") || (c == '#' && !rest_.starts_with("#>"))) return leave_out(rest_.find('\n'), 0);
    if (rest_.starts_with("/*")) return leave_out(rest_.find("*/", 2), 2);
    if (c == '\'' || c == '"' || c == '`') return quoted(c);
    if (c == '$' && dollar_quoted()) return;
    if (c == '[' && may_be_name_with_quote()) cut_ = true;
    text_ += c;
    rest_.remove_prefix(1);
  }

  void leave_out(std::size_t end, std::size_t size_of_end) {
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + size_of_end);
    if (!text_.empty()) {
      text_ += ' ';
    } else {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
    }
  }

  // A quote inside is doubled. One behind a backslash ends the text, or does not.
  void quoted(char quote) {
    std::size_t at = 1;
    for (; at < rest_.size(); ++at) {
      if (rest_[at] == '\\') {
        if (at + 1 < rest_.size() && rest_[at + 1] == quote) return cut();
        ++at;
      } else if (rest_[at] == quote) {
        if (at + 1 == rest_.size() || rest_[at + 1] != quote) break;
        ++at;
      }
    }
    const std::string_view whole = rest_.substr(0, at + 1), behind = rest_.substr(whole.size());
    const bool is_plain = at < rest_.size() && whole.find_first_of("'\\") == whole.npos;
    if (quote != '\'' && is_plain && (quote == '`' || is_name(behind))) {
      text_ += whole;
    } else {
      text_ += "''";
    }
    rest_ = behind;
  }
  void cut() {
    text_ += "''";
    cut_ = true;
  }

  // Between double quotes: beside a point or behind a word that a table follows, and so no text of any dialect.
  bool is_name(std::string_view behind) const {
    if (behind.starts_with('.') || text_.ends_with('.')) return true;
    const std::size_t end = text_.find_last_not_of(blanks) + 1;
    const std::size_t begin = text_.find_last_not_of(letters, end == 0 ? 0 : end - 1) + 1;
    for (const std::string_view word : {"from", "join", "into", "update", "table"}) {
      if (end - begin != word.size()) continue;
      std::size_t same = 0;
      while (same < word.size() && (text_[begin + same] | 0x20) == word[same]) ++same;
      if (same == word.size()) return true;
    }
    return false;
  }

  // $$ … $$ or $name$ … $name$; not the placeholder $1.
  bool dollar_quoted() {
    const std::size_t end = rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", 1);
    if (end == rest_.npos || rest_[end] != '$') return false;
    const std::string_view mark = rest_.substr(0, end + 1);
    const std::size_t closed = rest_.find(mark, mark.size());
    rest_.remove_prefix(closed == rest_.npos ? rest_.size() : closed + mark.size());
    text_ += "''";
    return true;
  }

  // [it's], which is an array elsewhere.
  bool may_be_name_with_quote() const {
    const std::string_view inside = rest_.substr(1, rest_.find(']') - 1);
    return !inside.empty() && letters.find(inside[0]) != letters.npos && inside.find_first_of("'\"`") != inside.npos;
  }

  std::string_view rest_;
  std::string text_;
  bool cut_ = false;
};

// As fold_statement(); behind what is not shown any more stands "…".
inline std::string shown_statement(std::string_view statement) {
  const ShownStatement shown(statement);
  std::string text;
  fold_statement(shown.text().data(), shown.text().size(), [&](const char* piece, std::size_t size) { text.append(piece, size); });
  return shown.is_cut() ? text + "…" : text;
}

}  // namespace scout::inline v0::detail

#endif
