#include <scout/testing/assertion_result.hpp>

#include <doctest/doctest.h>

#include <sstream>
#include <string>

using scout::testing::AssertionResult;

namespace {

// What GoogleTest's EXPECT_TRUE() makes of any condition.
class ForeignResult {
 public:
  explicit ForeignResult(bool success) : success_(success) {}
  ForeignResult& operator<<(const std::string& text) {
    message_ += text;
    return *this;
  }
  explicit operator bool() const { return success_; }
  const char* failure_message() const { return message_.c_str(); }

 private:
  bool success_;
  std::string message_;
};

std::string printed(const AssertionResult& result) {
  std::ostringstream out;
  out << result;
  return out.str();
}

}  // namespace

TEST_SUITE_BEGIN("testing/assertion_result");

TEST_CASE("a result is true without a message, or false and says why") {
  CHECK(AssertionResult());
  CHECK(AssertionResult().message().empty());
  CHECK_FALSE(AssertionResult("broken"));
  CHECK(AssertionResult("broken").message() == "broken");
}

TEST_CASE("a result is printed as its message") {
  CHECK(printed(AssertionResult("broken")) == "broken");
  CHECK(printed(AssertionResult()) == "it holds");
}

TEST_CASE("a framework's own result takes the message along") {
  const auto of_framework = [](const ForeignResult& result) { return result; };
  const ForeignResult failure = of_framework(AssertionResult("broken"));
  CHECK_FALSE(failure);
  CHECK(std::string(failure.failure_message()) == "broken");
  CHECK(of_framework(AssertionResult()));
}

TEST_SUITE_END();
