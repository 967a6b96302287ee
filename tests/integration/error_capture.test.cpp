// Where exceptions were thrown, for mark_error() in a catch block. The functions that throw have external names.
#include <scout/instrument/error_capture.hpp>
#include <scout/instrument/unwinding.hpp>
#include <scout/testing.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using scout::testing::Recording;

namespace scout_tests {

[[gnu::noinline]] void charge_card(int amount) {
  if (amount > 100) throw std::runtime_error("declined");
}
[[gnu::noinline]] int read_past_the_end(const std::vector<int>& numbers) {
  const int number = numbers.at(7);  // thrown inside of the runtime's library
  asm volatile("");
  return number;
}
[[gnu::noinline]] void pass_on() {
  try {
    charge_card(200);
  } catch (const std::exception&) {
    throw;
  }
}

}  // namespace scout_tests

namespace {

// A tag of the request, or of the n-th span; "" where there is none.
std::string tag(Recording& recording, std::string_view key, int span = -1) {
  const auto trace = recording.traces().back();
  const auto tags = span < 0 ? trace.tags() : trace.spans()[static_cast<std::size_t>(span)].tags();
  for (const auto& tag : tags) {
    if (tag.key() == key) return std::string(tag.json());
  }
  return "";
}

// Marks the request as failed where `work` throws.
template <class Work>
void fail_in_request(Work work) {
  scout::WebTransaction request{"pay"};
  try {
    work();
  } catch (...) {
    scout::mark_error();
  }
}

// Of the innermost frame.
std::string first_function(const std::string& stack) {
  constexpr std::string_view member = "\"function\":\"";
  const auto at = stack.find(member);
  return at == stack.npos ? "" : stack.substr(at + member.size(), stack.find('"', at + member.size()) - at - member.size());
}

}  // namespace

TEST_SUITE_BEGIN("error_capture");

TEST_CASE("a failed request says where the exception was thrown, the innermost function first") {
  Recording recording;
  fail_in_request([] { scout_tests::charge_card(200); });
  CHECK(tag(recording, "error") == "\"true\"");
  CHECK(first_function(tag(recording, "error_stack")) == "scout_tests::charge_card(int)");
}

TEST_CASE("a failed span does, too, of either kind") {
  Recording recording;
  {
    scout::WebTransaction request{"pay"};
    scout::ScopedSpan span{"charge"};
    scout::Span movable{"charge"};
    try {
      scout_tests::charge_card(200);
    } catch (const std::exception&) {
      span.mark_error();
      movable.mark_error();
    }
  }
  for (const int span : {1, 2}) {
    CHECK(tag(recording, "error", span) == "\"true\"");
    CHECK(first_function(tag(recording, "error_stack", span)) == "scout_tests::charge_card(int)");
  }
}

TEST_CASE("what a library throws, and what is thrown on, leads to where it began") {
  Recording recording;
  fail_in_request([] { scout_tests::read_past_the_end({1, 2}); });
  CHECK(tag(recording, "error_stack").find("scout_tests::read_past_the_end") != std::string::npos);
  fail_in_request([] { scout_tests::pass_on(); });
  CHECK(first_function(tag(recording, "error_stack")) == "scout_tests::charge_card(int)");
}

TEST_CASE("an exception keeps its stack while others come and go, or are handled inside of its handler") {
  Recording recording;
  {
    scout::WebTransaction request{"pay"};
    try {
      scout_tests::charge_card(200);
    } catch (const std::exception&) {
      for (int i = 0; i < 3; ++i) {
        try {
          scout_tests::read_past_the_end({});
        } catch (const std::out_of_range&) {
        }
      }
      scout::mark_error();
    }
  }
  CHECK(first_function(tag(recording, "error_stack")) == "scout_tests::charge_card(int)");
}

TEST_CASE("what another thread threw, and what no throw made, has no stack and is an error all the same") {
  Recording recording;
  std::exception_ptr carried;
  std::thread([&] {
    try {
      scout_tests::charge_card(200);
    } catch (...) {
      carried = std::current_exception();
    }
  }).join();
  fail_in_request([&] { std::rethrow_exception(carried); });
  CHECK(tag(recording, "error") == "\"true\"");
  CHECK(tag(recording, "error_stack").empty());
  fail_in_request([] { std::rethrow_exception(std::make_exception_ptr(7)); });
  CHECK(tag(recording, "error") == "\"true\"");
  CHECK(tag(recording, "error_stack").empty());
}

TEST_CASE("without an exception, and while one is on its way, only the error is marked") {
  Recording recording;
  {
    scout::WebTransaction request{"pay"};
    scout::mark_error();
  }
  CHECK(tag(recording, "error") == "\"true\"");
  CHECK(tag(recording, "error_stack").empty());
  try {
    scout::WebTransaction request{"pay"};
    const scout::ErrorOnUnwind guard;
    scout_tests::charge_card(200);
  } catch (const std::exception&) {
  }
  CHECK(tag(recording, "error") == "\"true\"");
  CHECK(tag(recording, "error_stack").empty());
}

TEST_CASE("exceptions of another language pass, and end in catch (...) as ever") {
  Recording recording;
  static _Unwind_Exception foreign{};
  foreign.exception_class = 0x1234567890abcdef;
  fail_in_request([] { _Unwind_RaiseException(&foreign); });
  CHECK(tag(recording, "error") == "\"true\"");
  CHECK(tag(recording, "error_stack").empty());
}

TEST_CASE("an exception is what it was: its object, its type, its destruction") {
  static int alive = 0;
  struct Counted : std::runtime_error {
    explicit Counted(const std::string& text) : runtime_error(text) { ++alive; }
    Counted(const Counted& other) : runtime_error(other) { ++alive; }
    ~Counted() override { --alive; }
  };
  Recording recording;
  scout::WebTransaction request{"pay"};
  try {
    throw Counted("text");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()) == "text");
    CHECK(dynamic_cast<const Counted*>(&error) != nullptr);
    CHECK(alive == 1);
    scout::mark_error();
  }
  CHECK(alive == 0);
  std::promise<int> promise;
  promise.set_exception(std::make_exception_ptr(Counted("later")));
  CHECK_THROWS_AS(promise.get_future().get(), Counted);
}

TEST_CASE("an exception that meets noexcept ends the program as ever") {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    [&]() noexcept { scout_tests::charge_card(200); }();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_SUITE_END();
