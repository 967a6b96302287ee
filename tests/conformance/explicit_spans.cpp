#include "explicit_spans.hpp"

#include <bit>
#include <mutex>
#include <set>
#include <string>

namespace conformance {
namespace {

// An operation that is no "Kind/Name": only a literal can be the whole of a name, so here is one that stays.
scout::Operation literal(std::string_view operation) {
  static std::mutex lock;
  static std::set<std::string, std::less<>> literals;
  std::lock_guard guard(lock);
  return std::bit_cast<scout::Operation>(literals.emplace(operation).first->c_str());
}

}  // namespace

void ExplicitSpans::start(std::string_view operation, scout::SpanOptions options) {
  auto open = std::make_unique<Open>();
  open->ignored = options.ignore;
  open->depth = depth_;
  const bool plain = !options.ignore && !options.ignore_children && options.capture_backtrace;
  const std::size_t slash = operation.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view kind = operation.substr(0, slash), name = operation.substr(slash + 1);
    if (plain) {
      open->span.emplace(name, kind);
    } else {
      open->scoped.emplace(name, kind, options);
    }
  } else {
    if (plain) {
      open->span.emplace(literal(operation));
    } else {
      open->scoped.emplace(literal(operation), options);
    }
  }
  if (open->span && open->span->context()) open->current.emplace(open->span->context());
  open_.push_back(std::move(open));
}

}  // namespace conformance
