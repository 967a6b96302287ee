#include "scout/sink/null_sink.hpp"

#include <doctest/doctest.h>

using namespace scout;

TEST_SUITE_BEGIN("sink/null_sink");

TEST_CASE("everything counts as delivered") {
  NullSink sink;
  const SpanView root({}, {}, "Job/x", {}, {}, {});
  CHECK(sink.write(Trace({}, {}, {}, {}, std::span(&root, 1), 0)));
  CHECK(sink.write(ApplicationEvent("CPU/Utilization", "0", "", {})));
  CHECK(sink.flush({}));
}

TEST_SUITE_END();
