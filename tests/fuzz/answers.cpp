// What a core agent, or whoever listens there, sends. The first byte of an input says how the stream behind it is cut into
// pieces and how long a frame may be.

#include <scout/core_agent/framing.hpp>
#include <scout/core_agent/response.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "property.hpp"

using namespace scout;
using fuzz::require, fuzz::require_same;

namespace {

struct Frames {
  std::vector<std::string> payloads;
  bool out_of_step = false, idle = true;
};

// As the protocol says, from the whole stream.
Frames expected_frames(std::string_view stream, std::uint32_t max_size) {
  Frames frames;
  while (stream.size() >= 4) {
    std::size_t size = 0;
    for (const char c : stream.substr(0, 4)) size = size * 256 + static_cast<unsigned char>(c);
    frames.out_of_step = size == 0 || size > max_size;
    if (frames.out_of_step || stream.size() - 4 < size) break;
    frames.payloads.emplace_back(stream.substr(4, size));
    stream.remove_prefix(4 + size);
  }
  frames.idle = stream.empty();
  return frames;
}

// `piece` says how many bytes come next.
template <class Piece>
Frames read_frames(FrameReader& reader, std::string_view stream, Piece piece) {
  Frames frames;
  std::size_t received = 0;
  while (!stream.empty() && !frames.out_of_step) {
    const auto space = reader.space();
    require(!space.empty(), "there is always room for more");
    require(space.size() <= 2 * received + 8192, "memory grows with what came, not with what was announced");
    const std::size_t size = std::min({piece(), space.size(), stream.size()});
    stream.copy(space.data(), size);
    std::fill(space.begin() + static_cast<std::ptrdiff_t>(size), space.end(), '~');  // what did not come is no part of a frame
    reader.filled(size);
    received += size;
    stream.remove_prefix(size);
    while (true) {
      const auto payload = reader.next();
      frames.out_of_step = !payload;
      if (!payload) require(payload.error().code == ErrorCode::protocol, "a wrong length is an error of the protocol");
      if (!payload || !*payload) break;
      frames.payloads.emplace_back(**payload);
    }
  }
  frames.idle = reader.idle();
  return frames;
}

void require_frames(const Frames& actual, const Frames& expected) {
  require(actual.payloads == expected.payloads, "the frames do not depend on the pieces");
  require(actual.out_of_step == expected.out_of_step, "a wrong length is noticed, however it comes");
  require(actual.out_of_step || actual.idle == expected.idle, "half a frame is not idle");
}

// The failures of a document, in its order.
void find_failures(simdjson::dom::element element, std::vector<simdjson::dom::element>& failures) {
  if (element.is_array()) {
    for (const auto item : simdjson::dom::array(element)) find_failures(item, failures);
  } else if (element.is_object()) {
    for (const auto& member : simdjson::dom::object(element)) {
      if (member.key == "Failure") failures.push_back(member.value);
      find_failures(member.value, failures);
    }
  }
}

std::string text_or_nothing(auto element) {
  std::string_view text;
  return element.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

void check_answer(AnswerParser& parser, std::string_view payload) {
  const std::unique_ptr<char[]> exact(new char[payload.size()]);  // so that a sanitizer sees who reads beyond it
  payload.copy(exact.get(), payload.size());
  const auto answer = parser.parse({exact.get(), payload.size()});

  simdjson::dom::parser reference;
  simdjson::dom::object object;
  const bool usable = !payload.empty() && reference.allocate(payload.size() + 1, 64) == simdjson::SUCCESS &&
                      reference.parse(payload.data(), payload.size()).get(object) == simdjson::SUCCESS && object.size() > 0;
  require(answer.has_value() == usable, "an answer is a JSON object with a member", payload);
  if (!answer) {
    require(answer.error().code == ErrorCode::protocol && answer.error().message.size() < 100,
            "no answer is an error of the protocol, in short");
    return;
  }
  const auto first = *object.begin();
  require_same(answer->command, first.key, "the command is the first name");
  std::vector<simdjson::dom::element> failures;
  for (const auto& member : object) {
    if (member.key == "Failure") failures.push_back(member.value);
    find_failures(member.value, failures);
  }
  require(answer->accepted == failures.empty(), "a failure at any depth means not accepted", payload);
  if (!failures.empty()) {
    const std::string message = text_or_nothing(failures[0]["message"]);
    require_same(answer->message, message.empty() ? text_or_nothing(failures[0]) : message, "the message is the first failure's");
  }
  require_same(answer->version, first.key == "CoreAgentVersion" ? text_or_nothing(first.value["version"]) : "",
               "a version is read where it belongs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view stream = fuzz::text_of(data, size);
  fuzz::Bytes shape(stream.substr(0, 1));
  stream.remove_prefix(std::min<std::size_t>(1, size));
  const unsigned seed = shape.number();
  const std::uint32_t max_size = seed % 2 == 0 ? max_answer_size : seed;
  const Frames expected = expected_frames(stream, max_size);

  FrameReader whole(max_size), bytewise(max_size), pieces(max_size);
  std::minstd_rand random(seed + 1);
  require_frames(read_frames(whole, stream, [] { return std::size_t{1} << 20; }), expected);
  require_frames(read_frames(bytewise, stream, [] { return std::size_t{1}; }), expected);
  require_frames(read_frames(pieces, stream, [&] { return std::size_t{1} + random() % (seed + 1); }), expected);
  whole.reset();
  require(whole.idle(), "a new connection begins with a frame");
  require_frames(read_frames(whole, stream, [] { return std::size_t{3}; }), expected);

  AnswerParser parser;  // one for all, as a connection has
  for (const auto& payload : expected.payloads) {
    check_answer(parser, payload);
    check_answer(parser, payload);  // as most are the same again
    std::string frame(frame_header_size, '\0');
    write_frame_header(frame.data(), static_cast<std::uint32_t>(payload.size()));
    require(read_frame_header(frame.data()) == payload.size(), "a length can be written and read");
  }
  check_answer(parser, stream);
  return 0;
}
