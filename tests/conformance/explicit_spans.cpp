#include "explicit_spans.hpp"

namespace conformance {
namespace {

// Scout's own operations that are no "Kind/Name": only a literal can be the whole of a name.
constexpr struct {
  std::string_view name;
  scout::Operation operation;
} bare_operations[] = {{"Middleware", "Middleware"}, {"PreprocessRequest", "PreprocessRequest"}};

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
    const auto* bare = std::begin(bare_operations);
    while (bare != std::end(bare_operations) && bare->name != operation) ++bare;
    if (bare == std::end(bare_operations)) throw Malformed(fmt::format("'{}' is no operation", operation));
    if (plain) {
      open->span.emplace(bare->operation);
    } else {
      open->scoped.emplace(bare->operation, options);
    }
  }
  if (open->span && open->span->context()) open->current.emplace(open->span->context());
  open_.push_back(std::move(open));
}

}  // namespace conformance
