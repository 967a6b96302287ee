#ifndef SCOUT_TESTING_ASSERTION_RESULT_HPP
#define SCOUT_TESTING_ASSERTION_RESULT_HPP

// What an assertion on traces gives: true or false for the test framework's own macro, and the message it prints. doctest
// and Catch2 print it by operator<<; GoogleTest takes it as one of its own results.

#include <concepts>
#include <ostream>
#include <string>
#include <utility>

namespace scout::inline v0::testing {

class [[nodiscard]] AssertionResult {
 public:
  AssertionResult() = default;                                                     // it holds
  explicit AssertionResult(std::string failure) : message_(std::move(failure)) {}  // it does not

  explicit operator bool() const noexcept { return message_.empty(); }
  const std::string& message() const noexcept { return message_; }  // empty when it holds

  // ::testing::AssertionResult, without knowing its header: EXPECT_TRUE() then prints the message.
  template <class Foreign>
    requires std::constructible_from<Foreign, bool> && requires(const Foreign& foreign) {
      { foreign.failure_message() } -> std::same_as<const char*>;
    }
  operator Foreign() const {
    Foreign foreign(message_.empty());
    foreign << message_;
    return foreign;
  }

  friend std::ostream& operator<<(std::ostream& out, const AssertionResult& result) {
    return out << (result ? std::string("it holds") : result.message_);
  }

 private:
  std::string message_;
};

}  // namespace scout::inline v0::testing

#endif
