#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>

#include "../support/suite.hpp"
#include "peers.hpp"

namespace {

class LoggedScope {
 public:
  explicit LoggedScope(spdlog::logger& logger) : logger_(logger) {}
  ~LoggedScope() { logger_.info("{} took {} ns", "span", (bench::Clock::now() - start_).count()); }
  LoggedScope(const LoggedScope&) = delete;
  LoggedScope& operator=(const LoggedScope&) = delete;

 private:
  spdlog::logger& logger_;
  bench::Clock::time_point start_ = bench::Clock::now();
};

}  // namespace

double spdlog_block(int calls) {
  static const auto logger = spdlog::basic_logger_mt<spdlog::async_factory_nonblock>("peer", "/dev/null");
  return bench::block(calls, [] {
    const LoggedScope scope(*logger);
    asm volatile("" ::: "memory");
  });
}
