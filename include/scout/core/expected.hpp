#ifndef SCOUT_CORE_EXPECTED_HPP
#define SCOUT_CORE_EXPECTED_HPP

// A value or the error that stands in its place (the part of C++23's std::expected that scout needs).

#include <optional>
#include <utility>

#include "error.hpp"

namespace scout::inline v0 {

template <class Value>
class [[nodiscard]] Expected {
 public:
  Expected(Value value) : value_(std::move(value)) {}
  Expected(Error error) : error_(std::move(error)) {}

  // A value (success, where there is none to have), and no error.
  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  // Precondition: has_value().
  Value& operator*() noexcept { return *value_; }
  const Value& operator*() const noexcept { return *value_; }
  Value* operator->() noexcept { return &*value_; }
  const Value* operator->() const noexcept { return &*value_; }

  // Precondition: !has_value().
  Error& error() noexcept { return error_; }
  const Error& error() const noexcept { return error_; }

 private:
  std::optional<Value> value_;
  Error error_{};
};

// Success, or the error that stands in its place.
template <>
class [[nodiscard]] Expected<void> {
 public:
  Expected() = default;
  Expected(Error error) : error_(std::move(error)) {}

  // A value (success, where there is none to have), and no error.
  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }

  // Precondition: !has_value().
  Error& error() noexcept { return *error_; }
  const Error& error() const noexcept { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace scout::inline v0

#endif
