#include <scout/collect/shown_statement.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using scout::detail::shown_statement;

TEST_SUITE_BEGIN("collect/shown_statement");

TEST_CASE("numbers, texts, placeholders and lists are question marks") {
  CHECK(shown_statement("SELECT * FROM t WHERE id = 17 AND name = 'it''s' AND b IN (1, 2) AND c = $1") ==
        "SELECT * FROM t WHERE id = ? AND name = ? AND b IN (?) AND c = ?");
  CHECK(shown_statement("a = 'open") == "a = ?");
  CHECK(shown_statement("") == "");
}

TEST_CASE("behind a quote that ends a text in one dialect and not in another nothing is shown") {
  CHECK(shown_statement("WHERE dir='C:\\' AND owner='secret'") == "WHERE dir=?…");
  CHECK(shown_statement("WHERE a = 'it\\'s secret' AND b = 1") == "WHERE a = ?…");
  CHECK(shown_statement("WHERE a = 'C:\\\\' AND b = 'x'") == "WHERE a = ? AND b = ?");
  CHECK(shown_statement("WHERE a = \"x\\\" or secret\"") == "WHERE a = ?…");
  CHECK(shown_statement("SELECT [it's] FROM t WHERE a = 'secret'") == "SELECT […");
  CHECK(shown_statement("WHERE a = q'[it's]' AND b = 'secret'") == "WHERE a = q?…");
  CHECK(shown_statement("WHERE a = \"\"\"it\"s secret\"\"\"") == "WHERE a = ?…");
  CHECK(shown_statement("WHERE a = '''it's secret'''") == "WHERE a = ?…");
  CHECK(shown_statement("WHERE a = '' AND b = seq'x'") == "WHERE a = ? AND b = seq?");
  CHECK(shown_statement("a = ARRAY['x', 'y'] AND b[1] = c[i]") == "a = ARRAY[?] AND b[?] = c[i]");
}

TEST_CASE("comments are not shown, whatever quotes are in them") {
  CHECK(shown_statement("/* it's */ SELECT a FROM t WHERE b='secret'") == "SELECT a FROM t WHERE b=?");
  CHECK(shown_statement("SELECT a -- don't\nFROM t WHERE b='secret'") == "SELECT a FROM t WHERE b=?");
  CHECK(shown_statement("SELECT a # don't\nFROM t WHERE b#>'{x}' = 'secret'") == "SELECT a FROM t WHERE b#>? = ?");
  CHECK(shown_statement("SELECT a /* never closed secret") == "SELECT a");
  CHECK(shown_statement("SELECT a /* x /* y */ it's */ FROM t WHERE b='secret'") == "SELECT a…");
}

TEST_CASE("between double quotes is a name only where no dialect has a text") {
  CHECK(shown_statement("SELECT \"u\".* FROM \"users\" WHERE \"u\".\"id\" = 5 AND email = \"secret\"") ==
        "SELECT \"u\".* FROM \"users\" WHERE \"u\".\"id\" = ? AND email = ?");
  CHECK(shown_statement("insert Into \"t\" (\"a\") values (\"secret\", 'secret')") == "insert Into \"t\" (?) values (?)");
  CHECK(shown_statement("FROM \"it's\" WHERE a = 'secret'") == "FROM ? WHERE a = ?");
  CHECK(shown_statement("\"secret\"") == "?");
  CHECK(shown_statement("FROM \"secret") == "FROM ?");
  CHECK(shown_statement("SELECT `a`, `it's` FROM `t` WHERE b = 'secret'") == "SELECT `a`, ? FROM `t` WHERE b = ?");
}

TEST_CASE("texts in dollars are texts") {
  CHECK(shown_statement("a = $$it's secret$$ AND b = 'x'") == "a = ? AND b = ?");
  CHECK(shown_statement("a = $q$it's $$ secret$q$ AND b = $2") == "a = ? AND b = ?");
  CHECK(shown_statement("a = $q$secret") == "a = ?");
}

TEST_SUITE_END();
