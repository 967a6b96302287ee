#include "scout/log/log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <new>
#include <stdexcept>
#include <thread>
#include <string>
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

// What a long message is without memory.
struct Unformattable {};

// How a child process ends that writes a warning to a standard error that nobody reads, and then does what is asked.
template <class Then>
int status_of_writer(Then then) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    _exit(then());
  }
  close(ends[0]);
  close(ends[1]);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

template <>
struct fmt::formatter<Unformattable> : fmt::formatter<int> {
  template <class Context>
  auto format(const Unformattable&, Context& context) const -> decltype(context.out()) {
    throw std::bad_alloc();
  }
};

TEST_SUITE_BEGIN("log/log");

TEST_CASE("a message at or above the level reaches the callback with its category") {
  Lines seen;
  const Logger logger(LogLevel::info, seen.callback());
  logger.write(LogLevel::debug, "scout.socket", "hidden");
  logger.write(LogLevel::info, "scout.socket", "{ not a format");
  logger.write(LogLevel::error, "scout.config", "{} of {}", 1, "two");
  CHECK(seen.lines == std::vector<std::string>{"info scout.socket { not a format", "error scout.config 1 of two"});
}

TEST_CASE("a formatted message arrives whole, whatever its length") {
  for (const std::size_t length : {0u, 5000u}) {
    Lines seen;
    const std::string long_text(length, 'x');
    Logger(LogLevel::debug, seen.callback()).write(LogLevel::error, "scout.config", "{}", long_text);
    CHECK(seen.lines == std::vector<std::string>{"error scout.config " + long_text});
  }
}

TEST_CASE("off is silent, also for messages at off") {
  Lines seen;
  const Logger logger(LogLevel::off, seen.callback());
  logger.write(LogLevel::error, "scout.config", "x");
  logger.write(LogLevel::off, "scout.config", "x");
  CHECK(seen.lines.empty());
}

TEST_CASE("what is announced passes at any level but off") {
  Lines lines;
  for (const LogLevel level : {LogLevel::debug, LogLevel::error, LogLevel::off})
    Logger(level, lines.callback()).announce("scout.request", log_level_name(level));
  CHECK(lines.lines == std::vector<std::string>{"info scout.request debug", "info scout.request error"});
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

TEST_CASE("a message that cannot be formatted is lost, and nothing else") {
  Lines seen;
  const Logger logger(LogLevel::debug, seen.callback());
  logger.write(LogLevel::error, "scout.config", "{}", Unformattable{});
  CHECK(!Logger::is_inside_callback());
  logger.write(LogLevel::error, "scout.config", "{}", 1);
  CHECK(seen.lines == std::vector<std::string>{"error scout.config 1"});
}

TEST_CASE("a standard error that nobody reads any more does not end the program") {
  const int status = status_of_writer([] {
    Logger().write(LogLevel::warning, "scout.config", "name is not set");
    sigset_t mask, pending;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    sigpending(&pending);
    return sigismember(&mask, SIGPIPE) + 2 * sigismember(&pending, SIGPIPE);
  });
  CHECK(status == 0);
}

TEST_CASE("a SIGPIPE that the program has blocked and not looked at yet is still there behind a message") {
  const int status = status_of_writer([] {
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);
    raise(SIGPIPE);
    Logger().write(LogLevel::warning, "scout.config", "name is not set");
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1 ? 0 : 1;
  });
  CHECK(status == 0);
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
