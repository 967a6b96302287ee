#ifndef SCOUT_INSTRUMENT_UNWINDING_HPP
#define SCOUT_INSTRUMENT_UNWINDING_HPP

// Opt-in: an exception that leaves a scope marks its span, or the request, as failed. The exception passes on untouched.

#include <exception>

#include "transaction.hpp"

namespace scout::inline v0 {
namespace detail {

struct CurrentRequest {
  void mark_error() const noexcept { scout::mark_error(); }
};
inline constexpr CurrentRequest current_request;

}  // namespace detail

// Declare it after the span: ScopedSpan span{"load"}; ErrorOnUnwind guard{span}; without a span it marks the request.
template <class Marked>
class ErrorOnUnwind {
 public:
  ErrorOnUnwind() noexcept : marked_(detail::current_request) {}
  // The span must outlive it.
  explicit ErrorOnUnwind(Marked& span) noexcept : marked_(span) {}
  ~ErrorOnUnwind() {
    if (std::uncaught_exceptions() > exceptions_) marked_.mark_error();
  }
  ErrorOnUnwind(const ErrorOnUnwind&) = delete;
  ErrorOnUnwind& operator=(const ErrorOnUnwind&) = delete;

 private:
  Marked& marked_;
  int exceptions_ = std::uncaught_exceptions();
};

// Without a span.
ErrorOnUnwind() -> ErrorOnUnwind<const detail::CurrentRequest>;

}  // namespace scout::inline v0

#endif
