#include <scout/sink/sink.hpp>

struct MySink {
  scout::Expected<void> write(const scout::Trace&) { return {}; }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
#if !defined(SCOUT_EXPECT_ERROR)
  scout::Expected<void> flush(scout::Deadline) { return {}; }
#endif
};

static_assert(scout::Sink<MySink>);
