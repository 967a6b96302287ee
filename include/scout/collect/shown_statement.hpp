#ifndef SCOUT_COLLECT_SHOWN_STATEMENT_HPP
#define SCOUT_COLLECT_SHOWN_STATEMENT_HPP

// A statement for a tag that nobody scrubs behind us: without its values whatever dialect it is in. What is a text in one dialect
// and a name in another, or ends elsewhere, is not shown. For the few statements that are told; core/statement.hpp is what all
// are counted by.

#include <algorithm>
#include <cstddef>
#include <initializer_list>
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
    if (rest_.starts_with("--") || (c == '#' && !rest_.starts_with("#>"))) return leave_out(rest_.find('\n'));
    if (rest_.starts_with("/*")) return comment();
    if (c == '\'' || c == '"' || c == '`') return quoted(c);
    if (c == '$' && dollar_quoted()) return;
    if (c == '[' && may_be_name_with_quote()) cut_ = true;
    text_ += c;
    rest_.remove_prefix(1);
  }

  // To the end: npos.
  void leave_out(std::size_t size) {
    rest_.remove_prefix(std::min(size, rest_.size()));
    if (!text_.empty()) {
      text_ += ' ';
    } else {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
    }
  }

  // In some dialects one may stand in another.
  void comment() {
    const std::size_t end = rest_.find("*/", 2);
    cut_ = rest_.find("/*", 2) < end;
    leave_out(end == rest_.npos ? end : end + 2);
  }

  // A quote inside is doubled. One behind a backslash ends the text, or does not; nor is it clear where one ends that begins with
  // three quotes, or with q'.
  void quoted(char quote) {
    cut_ = rest_.starts_with(std::string(3, quote)) || (quote == '\'' && is_behind({"q", "nq"}));
    std::size_t at = 1;
    for (; at < rest_.size() && !cut_; ++at) {
      const bool before_quote = rest_.substr(at + 1).starts_with(quote);
      if (rest_[at] == '\\') {
        cut_ = before_quote;
        ++at;
      } else if (rest_[at] == quote) {
        if (!before_quote) break;
        ++at;
      }
    }
    const std::string_view whole = rest_.substr(0, at + 1), behind = rest_.substr(std::min(at + 1, rest_.size()));
    const bool is_plain = !cut_ && at < rest_.size() && whole.find_first_of("'\\") == whole.npos;
    text_ += is_plain && (quote == '`' || (quote == '"' && is_name(behind))) ? whole : "''";
    rest_ = behind;
  }

  // Between double quotes: beside a point or behind a word that a table follows, and so no text of any dialect.
  bool is_name(std::string_view behind) const {
    return behind.starts_with('.') || text_.ends_with('.') || is_behind({"from", "join", "into", "update", "table"});
  }

  // Whether one of these is the last word, in whatever case.
  bool is_behind(std::initializer_list<std::string_view> words) const {
    const std::size_t end = text_.find_last_not_of(blanks) + 1;
    const std::size_t begin = end == 0 ? 0 : text_.find_last_not_of(letters, end - 1) + 1;
    std::string last = text_.substr(begin, end - begin);
    for (char& letter : last) letter = static_cast<char>(letter | 0x20);
    return std::find(words.begin(), words.end(), last) != words.end();
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
  const auto append = [&text](const char* piece, std::size_t size) { text.append(piece, size); };
  fold_statement(shown.text().data(), shown.text().size(), append);
  return shown.is_cut() ? text + "…" : text;
}

}  // namespace scout::inline v0::detail

#endif
