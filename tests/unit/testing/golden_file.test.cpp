#include <scout/testing/golden_file.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

using namespace std::chrono_literals;
using scout::testing::golden_text, scout::testing::matches_golden;

namespace {

// A path at which there is no file, before and after.
struct TemporaryFile {
  TemporaryFile() { std::remove(path.c_str()); }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string text() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string path = "golden_file_test_" + std::to_string(::getpid()) + ".txt";
};

struct Updating {
  Updating() { ::setenv("SCOUT_UPDATE_GOLDEN", "1", 1); }
  ~Updating() { ::unsetenv("SCOUT_UPDATE_GOLDEN"); }
};

void show_user(int rows) {
  SCOUT_WEB_TRANSACTION("users/show");
  SCOUT_CONTEXT("plan", "free");
  {
    SCOUT_INSTRUMENT("Query", "SQL");
    SCOUT_TAG("db.statement", "SELECT \"a\"\nFROM t");
    SCOUT_TAG("rows", rows);
  }
  SCOUT_INSTRUMENT("render");
}

}  // namespace

TEST_SUITE_BEGIN("testing/golden_file");

TEST_CASE("a golden file is the tree with its tags, a line each span, and the same in every run") {
  scout::testing::Recording recording;
  show_user(1);
  { SCOUT_BACKGROUND_TRANSACTION("job"); }
  CHECK(golden_text(recording) ==
        "Controller/users/show  plan=\"free\"\n"
        "  SQL/Query  db.statement=\"SELECT \\\"a\\\"\\nFROM t\"  rows=1\n"
        "  Custom/render\n"
        "Job/job\n");
  CHECK(golden_text(recording.traces().at(1)) == "Job/job\n");
}

TEST_CASE("times are part of it where they are wanted, tags are not where they are not") {
  scout::testing::ManualClock clock;
  scout::testing::Recording recording(clock);
  {
    SCOUT_BACKGROUND_TRANSACTION("job");
    SCOUT_CONTEXT("host", "a");
    clock.advance(2ms);
    SCOUT_INSTRUMENT("work");
    clock.advance(3us);
  }
  CHECK(golden_text(recording, {.times = true, .without_tags = {"host"}}) ==
        "Job/job  starts at 0ns  lasts 2003us\n"
        "  Custom/work  starts at 2ms  lasts 3us\n");
}

TEST_CASE("a golden file that does not exist is written, and the assertion fails once") {
  scout::testing::Recording recording;
  show_user(1);
  TemporaryFile file;
  CHECK(matches_golden(recording, file.path).message() ==
        "there was no golden file " + file.path + ": wrote it, look at it and run again");
  CHECK(file.text() == golden_text(recording));
  CHECK(matches_golden(recording, file.path));
}

TEST_CASE("what differs from the golden file is marked, and accepted on demand") {
  TemporaryFile file;
  {
    scout::testing::Recording recording;
    show_user(1);
    CHECK_FALSE(matches_golden(recording, file.path));
  }
  scout::testing::Recording recording;
  show_user(2);
  CHECK(matches_golden(recording, file.path).message() ==
        "what was recorded is not what " + file.path +
            " says (- expected, + recorded; SCOUT_UPDATE_GOLDEN=1 accepts it):\n"
            "  Controller/users/show  plan=\"free\"\n"
            "-   SQL/Query  db.statement=\"SELECT \\\"a\\\"\\nFROM t\"  rows=1\n"
            "+   SQL/Query  db.statement=\"SELECT \\\"a\\\"\\nFROM t\"  rows=2\n"
            "    Custom/render");
  {
    Updating updating;
    CHECK(matches_golden(recording, file.path));
  }
  CHECK(file.text() == golden_text(recording));
  CHECK(matches_golden(recording, file.path));
}

TEST_CASE("spans and transactions that come and go are marked against the golden file") {
  TemporaryFile file;
  scout::testing::Recording recording;
  show_user(1);
  CHECK_FALSE(matches_golden(recording, file.path));
  { SCOUT_BACKGROUND_TRANSACTION("job"); }
  CHECK(matches_golden(recording, file.path).message().ends_with("    Custom/render\n+ Job/job"));
  std::ofstream(file.path) << "Controller/users/show  plan=\"free\"\n  Custom/load\n  Custom/render\nJob/job\n";
  CHECK(matches_golden(recording.traces().at(1), file.path)
            .message()
            .ends_with(":\n"
                       "- Controller/users/show  plan=\"free\"\n"
                       "-   Custom/load\n"
                       "-   Custom/render\n"
                       "  Job/job"));
}

TEST_CASE("a recording that another agent keeps from recording neither matches a golden file nor writes one") {
  scout::testing::Recording first, second;
  TemporaryFile file;
  Updating updating;
  CHECK(matches_golden(second, file.path).message() ==
        "nothing was recorded: another agent is installed, or SCOUT_MONITOR is off in the environment");
  CHECK_FALSE(std::ifstream(file.path).is_open());
}

#ifndef _LIBCPP_VERSION  // whose streams take such a file for an empty one
TEST_CASE("a file that cannot be read is said") {
  scout::testing::Recording recording;
  show_user(1);
  CHECK(matches_golden(recording, "/dev").message() == "cannot read the golden file /dev: Is a directory");
}
#endif

TEST_CASE("a file that cannot be written is said") {
  scout::testing::Recording recording;
  show_user(1);
  CHECK(matches_golden(recording, "no/such/folder/trace.txt").message() ==
        "cannot write the golden file no/such/folder/trace.txt");
}

TEST_SUITE_END();
