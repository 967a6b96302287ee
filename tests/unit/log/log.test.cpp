#include "scout/log/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <stdexcept>
#include <thread>
#include <vector>

using namespace scout;

namespace {

struct Lines {
  std::vector<std::string> lines;
  LogCallback callback() {
    return [this](LogLevel level, std::string_view category, std::string_view message) {
      lines.push_back(fmt::format("{} {} {}", log_level_name(level), category, message));
    };
  }
};

}  // namespace

TEST_SUITE_BEGIN("log/log");

TEST_CASE("a message at or above the level reaches the callback with its category") {
  Lines seen;
  const Logger logger(LogLevel::info, seen.callback());
  logger.write(LogLevel::debug, "scout.socket", "hidden");
  logger.write(LogLevel::info, "scout.socket", "{ not a format");
  logger.write(LogLevel::error, "scout.config", "{} of {}", 1, "two");
  CHECK(seen.lines == std::vector<std::string>{"info scout.socket { not a format", "error scout.config 1 of two"});
}

TEST_CASE("off is silent, also for messages at off") {
  Lines seen;
  const Logger logger(LogLevel::off, seen.callback());
  logger.write(LogLevel::error, "scout.config", "x");
  logger.write(LogLevel::off, "scout.config", "x");
  CHECK(seen.lines.empty());
}

TEST_CASE("the level can change later") {
  Lines seen;
  Logger logger(LogLevel::error, seen.callback());
  logger.set_level(LogLevel::debug);
  logger.write(LogLevel::debug, "scout.request", "now");
  CHECK(seen.lines.size() == 1);
}

TEST_CASE("a callback that throws does not reach the caller") {
  const Logger logger(LogLevel::debug, [](LogLevel, std::string_view, std::string_view) { throw std::runtime_error("mine"); });
  logger.write(LogLevel::error, "scout.config", "x");
  logger.write(LogLevel::error, "scout.config", "{}", 1);
}

TEST_CASE("a thread is inside the log callback while that runs, also when it throws, and other threads are not") {
  bool inside = false, other = true;
  const Logger logger(LogLevel::debug, [&](LogLevel, std::string_view, std::string_view) {
    inside = Logger::is_inside_callback();
    std::thread([&] { other = Logger::is_inside_callback(); }).join();
    throw std::runtime_error("mine");
  });
  logger.write(LogLevel::error, "scout.config", "x");
  CHECK(inside);
  CHECK(!other);
  CHECK(!Logger::is_inside_callback());
}

TEST_CASE("without a callback a warning is one line on standard error and info is nothing") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  const Logger logger;
  logger.write(LogLevel::info, "scout.config", "hidden");
  logger.write(LogLevel::warning, "scout.config", "name is not set");
  dup2(kept, STDERR_FILENO);
  close(kept);
  close(ends[1]);
  char text[256];
  const auto size = read(ends[0], text, sizeof text);
  close(ends[0]);
  REQUIRE(size > 0);
  CHECK(std::string_view(text, static_cast<std::size_t>(size)) == "scout.config: warning: name is not set\n");
}

TEST_CASE("a repeated message is due once a minute and its repetitions are counted") {
  OncePerMinute once;
  const OncePerMinute::TimePoint start{};
  CHECK(once.due(start));
  CHECK(!once.due(start + std::chrono::seconds(1)));
  CHECK(!once.due(start + std::chrono::seconds(59)));
  CHECK(once.due(start + std::chrono::seconds(60)));
  CHECK(once.take_suppressed() == 2);
  CHECK(once.take_suppressed() == 0);
}

TEST_CASE("levels are known under the names of other Scout agents") {
  CHECK(parse_log_level("warn") == LogLevel::warning);
  CHECK(parse_log_level("critical") == LogLevel::error);
  CHECK(parse_log_level("off") == LogLevel::off);
  CHECK(!parse_log_level("loud"));
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    CHECK(parse_log_level(log_level_name(level)) == level);
  }
}

TEST_SUITE_END();
