#include <scout/core/statement.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

std::string folded(std::string_view statement) {
  std::string text;
  scout::detail::fold_statement(statement.data(), statement.size(),
                                [&](const char* piece, std::size_t size) { text.append(piece, size); });
  return text;
}
std::uint32_t hash(std::string_view statement) { return scout::detail::hash_statement(statement.data(), statement.size()); }

}  // namespace

TEST_SUITE_BEGIN("core/statement");

TEST_CASE("numbers, texts and placeholders become a question mark") {
  CHECK(folded("SELECT * FROM t WHERE id = 17 AND name = 'it''s'") == "SELECT * FROM t WHERE id = ? AND name = ?");
  CHECK(folded("WHERE a = $1 AND b=?2 AND c = 1.5e3 AND d = 0x1F") == "WHERE a = ? AND b=? AND c = ? AND d = ?");
  CHECK(folded("x = -1.5e-3 AND y = 'it\\'s'") == "x = -? AND y = ?");
}

TEST_CASE("a list of values is one, whatever its length; a list of names stays") {
  CHECK(folded("id IN (1, 2,3 ,'x')") == "id IN (?)");
  CHECK(folded("SELECT a, b, 1, c") == "SELECT a, b, ?, c");
  CHECK(folded("SELECT 1,") == "SELECT ?,");
}

TEST_CASE("digits in names are no values, and white space is one blank") {
  CHECK(folded("SELECT col1\n\tFROM  table2") == "SELECT col1 FROM table2");
}

TEST_CASE("a dollar in a name is a letter") {
  CHECK(folded("SELECT sid FROM v$session") == "SELECT sid FROM v$session");
  CHECK(hash("SELECT * FROM v$session") != hash("SELECT * FROM v$process"));
  CHECK(folded("x$1, a$b$c") == "x$1, a$b$c");
}

TEST_CASE("a text between dollars is one value, whatever it holds") {
  CHECK(folded("a = $$it's $1$$ AND b = 2") == "a = ? AND b = ?");
  CHECK(folded("a = $body$ begin; $$ end $body$, 3") == "a = ?");
  CHECK(folded("a = $name AND b = $2$3") == "a = ? AND b = ??");
  CHECK(folded("a = $$open '' 1") == "a = ?");
}

TEST_CASE("a quote in a comment begins no text") {
  CHECK(folded("/* it's */ SELECT a") == "/* it? SELECT a");
  CHECK(folded("/* one */ SELECT 'x--' -- it's\n FROM b") == "/* one */ SELECT ? -- it? FROM b");
  CHECK(folded("SELECT a /*k='v',l='w'*/") == "SELECT a /*k=?");
  CHECK(folded("a /* b */* 'x'") == "a /* b */* ?");
  CHECK(folded("SELECT a -- it's") == "SELECT a -- it?");
  CHECK(folded("SELECT '/*' || 'x' || b") == "SELECT ? || ? || b");
  CHECK(folded("SELECT a - -1, b / * 'x'") == "SELECT a - -?, b / * ?");
  CHECK(hash("/* don't cache */ SELECT a") != hash("/* don't cache */ SELECT b"));
}

TEST_CASE("a text without its closing quote ends with the statement") {
  CHECK(folded("a = 'open") == "a = ?");
  CHECK(folded("a = '") == "a = ?");
  CHECK(folded("a = 'x\\") == "a = ?");
  CHECK(folded("") == "");
}

TEST_CASE("where in a long statement something stands makes no difference") {
  const std::string_view parts[][2] = {
      {"/* it's */ a -- it's\n b", "/* it? a -- it? b"},
      {"id = 17 AND name = 'it''s'", "id = ? AND name = ?"}, {"IN (1, 2,3 ,'x')", "IN (?)"}, {"a  b\n\tc", "a b c"},
      {"t = 'a long text, \\' and more of it' , x", "t = ?, x"}, {"col1 = 1.5e-3", "col1 = ?"}, {"v$session$1 x$2", "v$session$1 x$2"},
      {"$a$ it's $$ $1 $a$ = $12", "? = ?"}, {"1 2,, 3", "? ?,, ?"}};
  for (const auto& [part, expected] : parts) {
    for (std::size_t before = 1; before < 600; before += before < 40 ? 1 : 37) {
      const std::string word(before, 'w');
      CHECK(folded(word + ' ' + std::string(part)) == word + ' ' + std::string(expected));
      CHECK(folded(std::string(part) + ' ' + word) == std::string(expected) + ' ' + word);
    }
  }
}

TEST_CASE("many values fill a statement of any length") {
  std::string values = "IN (", texts;
  for (int i = 0; i < 1000; ++i) {
    values += std::to_string(i) + ", ";
    texts += "'x' ";
  }
  CHECK(folded(values + "1)") == "IN (?)");
  CHECK(folded(texts).size() == 1999);
  CHECK(hash(texts) != hash(texts + '1'));
}

TEST_CASE("the hash is that of the folded statement, and never 0") {
  CHECK(hash("SELECT name FROM users WHERE id = 1") == hash("SELECT  name FROM users WHERE id = 987654321"));
  CHECK(hash("id IN (1,2)") == hash("id IN (1, 2, 3)"));
  CHECK(hash("SELECT a FROM t") != hash("SELECT b FROM t"));
  CHECK(hash("SELECT a_long_name_of_a_column_x FROM t") != hash("SELECT a_long_name_of_a_column_y FROM t"));
  CHECK(hash("") != 0);
}

TEST_SUITE_END();
