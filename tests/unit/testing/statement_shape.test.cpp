#include <scout/testing/statement_shape.hpp>

#include <doctest/doctest.h>

using scout::detail::statement_shape;

TEST_SUITE_BEGIN("testing/statement_shape");

TEST_CASE("statements that differ in their literals have one shape") {
  CHECK(statement_shape("SELECT a FROM t1 WHERE b = 12 AND c = 'x''y'") == "SELECT a FROM t1 WHERE b = ? AND c = ?");
  CHECK(statement_shape("SELECT 1.5e3, -2") == "SELECT ?, -?");
  CHECK(statement_shape("UPDATE t SET a = $1 WHERE b = $23") == "UPDATE t SET a = ? WHERE b = ?");
}

TEST_CASE("a list has one shape however long it is") {
  CHECK(statement_shape("SELECT a FROM t WHERE b IN (1, 2,3)") == "SELECT a FROM t WHERE b IN (?)");
  CHECK(statement_shape("SELECT a FROM t WHERE b IN (?,?)") == "SELECT a FROM t WHERE b IN (?)");
}

TEST_CASE("white space does not count, and what ends in the middle has a shape, too") {
  CHECK(statement_shape("SELECT\n  a\tFROM t") == "SELECT a FROM t");
  CHECK(statement_shape("SELECT 'unterminated") == "SELECT ?");
  CHECK(statement_shape("") == "");
}

TEST_SUITE_END();
