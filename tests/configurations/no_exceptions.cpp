// Built with -fno-exceptions and -fno-rtti: a program records into a sink of its own.
#include <scout/agent.hpp>
#include <scout/scout.hpp>

#include <cstdio>
#include <string>

#if __cpp_exceptions || __cpp_rtti
#  error "this program is meant for -fno-exceptions -fno-rtti"
#endif

namespace {

struct TextSink {
  scout::Expected<void> write(const scout::Trace& trace) {
    for (const scout::SpanView& span : trace.spans()) {
      (text += span.operation()) += ' ';
      for (const scout::TagView& tag : span.tags()) ((((text += tag.key()) += '=') += tag.json()) += ' ');
    }
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

  std::string text;
};

}  // namespace

int main() {
  static TextSink sink;
  if (!scout::install({.key = "test", .name = "test", .monitor = true}, sink)) return 1;
  {
    SCOUT_WEB_TRANSACTION("page");
    SCOUT_INSTRUMENT("load", "SQL");
    SCOUT_TAG("rows", 3);
    const scout::ScopedSpan named(std::string("named"));
  }
  const bool flushed = scout::flush(std::chrono::seconds(10));
  scout::shutdown();
  const scout::Stats stats = scout::stats();
  std::printf("%s\n", sink.text.c_str());
  return flushed && stats.transactions.delivered == 1 && sink.text == "Controller/page SQL/load rows=3 Custom/named " ? 0 : 1;
}
