#include "scout/core_agent/framing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace scout;

namespace {

std::string frame(std::string_view payload) {
  std::string text(frame_header_size, '\0');
  write_frame_header(text.data(), static_cast<std::uint32_t>(payload.size()));
  return text.append(payload);
}

// Feeds `stream` in pieces of at most `step` bytes and returns the payloads.
std::vector<std::string> frames_of(FrameReader& reader, std::string_view stream, std::size_t step) {
  std::vector<std::string> payloads;
  while (!stream.empty()) {
    const auto space = reader.space();
    REQUIRE(!space.empty());
    const std::size_t size = std::min({space.size(), step, stream.size()});
    std::memcpy(space.data(), stream.data(), size);
    reader.filled(size);
    stream.remove_prefix(size);
    for (;;) {
      auto payload = reader.next();
      REQUIRE(payload);
      if (!*payload) break;
      payloads.emplace_back(**payload);
    }
  }
  return payloads;
}

}  // namespace

TEST_SUITE_BEGIN("core_agent/framing");

TEST_CASE("the length counts bytes and is big-endian") {
  char header[frame_header_size];
  write_frame_header(header, 0x01020384);
  CHECK(std::string_view(header, 4) == std::string_view("\x01\x02\x03\x84", 4));
  CHECK(read_frame_header(header) == 0x01020384);
}

TEST_CASE("frames are found however the stream is cut") {
  const std::vector<std::string> sent{"a", std::string(5000, 'b'), "{}", std::string(100'000, 'c'), "d"};
  std::string stream;
  for (const auto& payload : sent) stream += frame(payload);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{4096}, stream.size()}) {
    FrameReader reader(1 << 20);
    CHECK(frames_of(reader, stream, step) == sent);
    CHECK(reader.idle());
  }
}

TEST_CASE("half a frame is not idle and not yet a frame") {
  FrameReader reader(100);
  CHECK(frames_of(reader, frame("hello").substr(0, 7), 100).empty());
  CHECK(!reader.idle());
  CHECK(frames_of(reader, "lo", 100) == std::vector<std::string>{"hello"});
  CHECK(reader.idle());
}

TEST_CASE("a length of zero or above the limit is a protocol error") {
  for (const std::uint32_t size : {0u, 101u, 0xffffffffu}) {
    FrameReader reader(100);
    write_frame_header(reader.space().data(), size);
    reader.filled(frame_header_size);
    const auto payload = reader.next();
    REQUIRE(!payload);
    CHECK(payload.error().code == ErrorCode::protocol);
  }
}

TEST_CASE("the largest allowed frame passes") {
  FrameReader reader(100);
  const std::string payload(100, 'x');
  CHECK(frames_of(reader, frame(payload), 7) == std::vector<std::string>{payload});
}

TEST_CASE("an announced length alone takes no memory") {
  FrameReader reader(1 << 30);
  write_frame_header(reader.space().data(), 1 << 30);
  reader.filled(frame_header_size);
  REQUIRE(reader.next());
  CHECK(reader.space().size() < 64 * 1024);
}

TEST_SUITE_END();
