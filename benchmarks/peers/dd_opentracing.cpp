#include <datadog/opentracing.h>

#include "../support/suite.hpp"
#include "peers.hpp"

namespace {

const auto& traced() {
  static const auto both = [] {
    datadog::opentracing::TracerOptions options;
    options.service = "benchmark";
    options.log_func = [](auto, auto) {};
    return datadog::opentracing::makeTracerAndEncoder(options);
  }();
  return both;
}

}  // namespace

double dd_opentracing_block(int calls) {
  const auto& tracer = std::get<0>(traced());
  const auto parent = tracer->StartSpan("benchmark");
  return bench::block(calls, [&] {
    const auto span = tracer->StartSpan("span", {opentracing::ChildOf(&parent->context())});
    asm volatile("" ::: "memory");
    span->Finish();
  });
}

void clear_dd_opentracing() { std::get<1>(traced())->clearTraces(); }
