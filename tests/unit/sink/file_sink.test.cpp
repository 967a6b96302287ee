#include "scout/sink/file_sink.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

using namespace scout;
using namespace std::chrono_literals;

namespace {

// A directory that is gone with the test.
struct Directory {
  Directory() {
    char name[] = "/tmp/scout-file-sink-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

// As long as it lives, files get no larger than so many bytes.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t size) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit lower{size, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &lower) == 0);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  rlimit before;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

const ApplicationEvent event("CPU/Utilization", "1.5", "Pid: 1", Time(1s));

}  // namespace

TEST_SUITE_BEGIN("sink/file_sink");

TEST_CASE("a trace is one line with its tags and its spans") {
  const Directory directory;
  const std::string path = directory.path + "/traces.jsonl";
  FileSink sink(path);
  const IdSeed seed{1, 2};
  const TagView tags[] = {{"plan", "\"free\""}, {"n", "1"}};
  const SpanView spans[] = {{seed.span(1, 0), {}, "Job/a\"b", Time(1s), Time(3s), {}},
                            {seed.span(1, 1), seed.span(1, 0), "SQL/Query", Time(1s), Time(2s), std::span(tags, 1)}};
  CHECK(sink.write(Trace(seed.request(1), Time(1s), Time(3s), tags, spans, 4)));
  const std::string root(seed.span(1, 0).text()), child(seed.span(1, 1).text()), request(seed.request(1).text());
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 1);
  CHECK(
      lines[0] ==
      "{\"request_id\":\"" + request +
          R"(","operation":"Job/a\"b","start":"1970-01-01T00:00:01.000000Z","stop":"1970-01-01T00:00:03.000000Z",)"
          R"("tags":{"plan":"free","n":1},"spans":[{"id":")" +
          root +
          R"(","parent":null,"operation":"Job/a\"b","start":"1970-01-01T00:00:01.000000Z","stop":"1970-01-01T00:00:03.000000Z","tags":{}},)"
          R"({"id":")" +
          child + R"(","parent":")" + root +
          R"(","operation":"SQL/Query","start":"1970-01-01T00:00:01.000000Z","stop":"1970-01-01T00:00:02.000000Z",)"
          R"("tags":{"plan":"free"}}],"dropped_spans":4})");
}

TEST_CASE("an event is one line, and lines are appended to what is there") {
  const Directory directory;
  const std::string path = directory.path + "/traces.jsonl";
  for (int i = 0; i < 2; ++i) {
    FileSink sink(path);
    CHECK(sink.write(event));
    CHECK(sink.flush({}));
  }
  const std::string line = R"({"event":"CPU/Utilization","value":1.5,"source":"Pid: 1","time":"1970-01-01T00:00:01.000000Z"})";
  CHECK(lines_of(path) == std::vector<std::string>{line, line});
}

TEST_CASE("a file that cannot be opened is an error that names it, until it can") {
  const Directory directory;
  const std::string path = directory.path + "/later/traces.jsonl";
  FileSink sink(path);
  for (const auto& result : {sink.write(event), sink.flush({})}) {
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::file);
    CHECK(result.error().message.find(path) == 0);
  }
  std::filesystem::create_directory(directory.path + "/later");
  CHECK(sink.write(event));
  CHECK(sink.flush({}));
  CHECK(lines_of(path).size() == 1);
}

TEST_CASE("a full disk is an error") {
  FileSink sink("/dev/full");
  for (const auto& result : {sink.write(event), sink.flush({})}) {
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::file);
  }
}

TEST_CASE("where a line was torn because there was no more room, the next one stands on a line of its own") {
  const Directory directory;
  const std::string path = directory.path + "/traces.jsonl";
  FileSink sink(path);
  REQUIRE(sink.write(event));
  const std::string line = lines_of(path).at(0);
  {
    const FileSizeLimit limit(line.size() + 1 + line.size() / 2);
    CHECK(!sink.write(event));
    CHECK(!sink.write(event));
    CHECK(!sink.flush({}));
  }
  CHECK(sink.write(event));
  CHECK(sink.write(event));
  CHECK(sink.flush({}));
  CHECK(lines_of(path) == std::vector<std::string>{line, line.substr(0, line.size() / 2), line, line});
}

TEST_SUITE_END();
