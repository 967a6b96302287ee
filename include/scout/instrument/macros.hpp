#ifndef SCOUT_INSTRUMENT_MACROS_HPP
#define SCOUT_INSTRUMENT_MACROS_HPP

// Each macro is one statement over a function or a class of the same purpose. Names are literals: `name ""` does not compile
// otherwise, and the whole operation is one constant. With SCOUT_DISABLE the macros, and only they, are nothing: arguments
// are type-checked and never evaluated.

#include "transaction.hpp"

#define SCOUT_DETAIL_JOIN_LITERALLY(a, b) a##b
#define SCOUT_DETAIL_JOIN(a, b) SCOUT_DETAIL_JOIN_LITERALLY(a, b)
#define SCOUT_DETAIL_UNIQUE(name) SCOUT_DETAIL_JOIN(name, __LINE__)  // a __COUNTER__ differs from file to file
#define SCOUT_DETAIL_DISCARD(...) \
  if constexpr (false) {          \
    __VA_ARGS__;                  \
  } else                          \
    static_assert(true)
#define SCOUT_DETAIL_OPERATION(name, kind, ...) (::scout::Operation{kind "" "/" name ""})

#if !defined(SCOUT_DISABLE)
#  define SCOUT_DETAIL_SCOPE(Type, ...) ::scout::Type SCOUT_DETAIL_UNIQUE(scout_##Type##_) { __VA_ARGS__ }
#  define SCOUT_DETAIL_STATEMENT(...) static_cast<void>(__VA_ARGS__)
#else
#  define SCOUT_DETAIL_SCOPE(Type, ...) SCOUT_DETAIL_DISCARD(const ::scout::Type scout_scope { __VA_ARGS__ })
#  define SCOUT_DETAIL_STATEMENT(...) SCOUT_DETAIL_DISCARD(static_cast<void>(__VA_ARGS__))
#endif

// (name): a web request until the end of the scope.
#define SCOUT_WEB_TRANSACTION(name) SCOUT_DETAIL_SCOPE(WebTransaction, SCOUT_DETAIL_OPERATION(name, "Controller"))
// (name): a background job until the end of the scope.
#define SCOUT_BACKGROUND_TRANSACTION(name) SCOUT_DETAIL_SCOPE(BackgroundTransaction, SCOUT_DETAIL_OPERATION(name, "Job"))

// (name [, kind]): a span "<kind>/<name>" until the end of the scope, "Custom/<name>" without a kind.
#define SCOUT_INSTRUMENT(...) SCOUT_DETAIL_SCOPE(ScopedSpan, SCOUT_DETAIL_OPERATION(__VA_ARGS__ __VA_OPT__(, ) "Custom", "Custom"))
// A span "Custom/<function>".
#define SCOUT_INSTRUMENT_FUNCTION() SCOUT_DETAIL_SCOPE(ScopedSpan, (::scout::detail::FunctionName{__func__}))

// (key, value): a tag of the current span.
#define SCOUT_TAG(key, ...) SCOUT_DETAIL_STATEMENT(::scout::tag_span(::scout::TagKey::of_literal(key ""), __VA_ARGS__))
// (key, value): custom context of the current transaction.
#define SCOUT_CONTEXT(key, ...) SCOUT_DETAIL_STATEMENT(::scout::add_context(::scout::TagKey::of_literal(key ""), __VA_ARGS__))
// The current transaction is counted and not sent.
#define SCOUT_IGNORE_TRANSACTION() SCOUT_DETAIL_STATEMENT(::scout::ignore_transaction())
// (name): the current transaction's whole new name, with its prefix.
#define SCOUT_RENAME_TRANSACTION(...) SCOUT_DETAIL_STATEMENT(::scout::rename_transaction(__VA_ARGS__))

#endif
