#include <scout/core/context_word.hpp>

#include <doctest/doctest.h>

using scout::detail::ContextWord;

TEST_SUITE_BEGIN("core/context_word");

TEST_CASE("a child keeps the transaction, takes the span as its parent and drops the grandparent") {
  constexpr ContextWord root = ContextWord::root_of((5u << 12) | 17u);
  constexpr ContextWord child = root.child(40);
  constexpr ContextWord grandchild = child.child(0xfffe);
  CHECK(root.in_transaction());
  CHECK(root.slot() == 17);
  CHECK(root.span() == ContextWord::root_id);
  CHECK(root.parent() == 0);
  CHECK(child.transaction() == root.transaction());
  CHECK(child.span() == 40);
  CHECK(child.parent() == ContextWord::root_id);
  CHECK(grandchild.span() == 0xfffe);
  CHECK(grandchild.parent() == 40);
  CHECK(grandchild.request() == root.request());
}

TEST_CASE("the words without a transaction are in none") {
  CHECK_FALSE(ContextWord{scout::detail::no_context}.in_transaction());
  CHECK_FALSE(ContextWord{scout::detail::busy_context}.in_transaction());
  CHECK_FALSE(ContextWord{scout::detail::unattached_context}.in_transaction());
}

TEST_CASE("below a leaf the nearest span is the leaf") {
  constexpr ContextWord leaf = ContextWord::root_of(1u << 12).child(9);
  constexpr ContextWord below = leaf.child(ContextWord::leaf_id);
  CHECK(below.suppressed());
  CHECK(below.nearest() == 9);
  CHECK(leaf.nearest() == 9);
}

TEST_SUITE_END();
