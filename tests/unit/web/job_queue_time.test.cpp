#include <scout/web/job_queue_time.hpp>

#include <doctest/doctest.h>
#include <scout/testing.hpp>

#include <chrono>
#include <ctime>
#include <limits>
#include <optional>
#include <string>

using namespace std::chrono_literals;
namespace web = scout::web;

namespace {

constexpr web::Time began{1'700'000'000'123'456'789ns};  // 2023-11-14

template <class TaskStart>
std::optional<std::chrono::nanoseconds> queued(TaskStart task_start) {
  return web::parse_task_start(task_start, began);
}

template <class TaskStart>
std::string tag_of_job(TaskStart task_start) {
  scout::testing::Recording recording;
  {
    scout::BackgroundTransaction job("mail");
    web::tag_job_queue_time(task_start);
  }
  const auto traces = recording.traces();
  for (const auto& tag : traces.at(0).tags()) {
    if (tag.key() == "scout.job_queue_time_ns") return std::string(tag.json());
  }
  return "none";
}

}  // namespace

TEST_SUITE_BEGIN("web/job_queue_time");

TEST_CASE("a producer's text is seconds since 1970 with six digits of a fraction") {
  CHECK(web::TaskStart(began).text() == "1700000000.123456");
  CHECK(web::TaskStart(web::Time{1'700'000'000'000'001'000ns}).text() == "1700000000.000001");
}

TEST_CASE("a worker reads what a producer wrote") { CHECK(queued(web::TaskStart(began - 2s).text()) == 2'000'000'789ns); }

TEST_CASE("numbers and texts in seconds, milliseconds, microseconds and nanoseconds are understood") {
  CHECK(queued(std::int64_t{1'699'999'998}) == 2'123'456'789ns);
  CHECK(queued(std::int64_t{1'699'999'998'123}) == 2'000'456'789ns);
  CHECK(queued(std::int64_t{1'699'999'998'123'456}) == 2'000'000'789ns);
  CHECK(queued(std::int64_t{1'699'999'998'123'456'789}) == 2s);
  CHECK(queued(1'699'999'998.5) == 1'623'456'789ns);
  CHECK(queued(std::string_view("1699999998.5")) == 1'623'456'789ns);
}

TEST_CASE("a number of any type and a time of the system's clock in any unit are understood") {
  CHECK(queued(1'699'999'998) == 2'123'456'789ns);
  CHECK(queued(1'699'999'998U) == 2'123'456'789ns);
  CHECK(queued(1'699'999'998LL) == 2'123'456'789ns);
  CHECK(queued(1'699'999'998'123ULL) == 2'000'456'789ns);
  CHECK(queued(1'699'999'998.5L) == 1'623'456'789ns);
  CHECK(queued(1e9F) == std::nullopt);
  CHECK(queued(began - 2s) == 2s);
  CHECK(queued(std::chrono::floor<std::chrono::seconds>(began)) == 123'456'789ns);
  CHECK(queued(began + 1min) == 0ns);
  CHECK(queued(std::chrono::sys_seconds{1'500'000s}) == std::nullopt);  // no microseconds, as a number that large would be
  CHECK(queued(std::chrono::sys_seconds::min()) == std::nullopt);
  CHECK(queued(std::chrono::sys_seconds::max()) == std::nullopt);
}

TEST_CASE("a job from the future has not waited") {
  CHECK(queued(std::int64_t{1'700'000'060}) == 0ns);
  CHECK(queued(1'700'000'060'000.0) == 0ns);
  CHECK(queued(std::string_view("1700000060000000")) == 0ns);
}

TEST_CASE("what is no moment in a job's life is refused") {
  CHECK(queued(std::int64_t{12}) == std::nullopt);
  CHECK(queued(std::int64_t{-1'699'999'998}) == std::nullopt);
  for (const double number :
       {-1.0, 1e-300, 1e300, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CAPTURE(number);
    CHECK(queued(number) == std::nullopt);
  }
  CHECK(queued(std::string_view("soon")) == std::nullopt);
  CHECK(queued(std::string_view()) == std::nullopt);
}

TEST_CASE("the transaction of a job carries its queue time, and nothing when there is none to be known") {
  CHECK(tag_of_job(web::TaskStart(std::chrono::system_clock::now() + 1min).text()) == "0");
  CHECK(tag_of_job(std::chrono::system_clock::now() + 1min) == "0");
  CHECK(tag_of_job(std::time(nullptr) + 60) == "0");
  CHECK(tag_of_job("soon") == "none");
}

TEST_SUITE_END();
