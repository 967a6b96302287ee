// What it costs to write a transaction as the core agent's JSON, ids, times and escaping included, beside a copy of the same
// bytes.

#include <fmt/format.h>
#include <scout/core_agent/json_encoder.hpp>

#include "../support/suite.hpp"

namespace {

using namespace std::chrono_literals;

// A root and spans below it, two deep; every fourth has a tag with a character to escape.
class Batch {
 public:
  explicit Batch(std::uint16_t spans) {
    const scout::Time start = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + 12h;
    const scout::SpanId root = seed_.span(1, 0);
    spans_.push_back({root, {}, "Controller/users/show", start, start + 1s, {}});
    for (std::uint16_t i = 1; i < spans; ++i) {
      const scout::SpanId parent = i % 2 == 0 ? seed_.span(1, static_cast<std::uint16_t>(i - 1)) : root;
      const scout::Time at = start + i * 1ms;
      spans_.push_back({seed_.span(1, i), parent, "SQL/Query", at, at + 1ms,
                        i % 4 == 0 ? std::span(&tag_, 1) : std::span<const scout::TagView>{}});
    }
    trace_.emplace_back(seed_.request(1), start, start + 1s, std::span(&path_, 1), spans_, 0);
  }
  const scout::Trace& trace() const { return trace_.front(); }

 private:
  scout::IdSeed seed_{7, 8};
  scout::TagView tag_{"db.statement", R"("SELECT \"name\" FROM users WHERE id = ?")"}, path_{"path", R"("/users/7")"};
  std::vector<scout::SpanView> spans_;
  std::vector<scout::Trace> trace_;
};

void add_rows(bench::Suite& suite, const Batch& batch) {
  static scout::JsonEncoder encoder;
  static std::vector<char> message(1 << 20), copy(1 << 20);
  const int spans = static_cast<int>(batch.trace().spans().size()), calls = 10'000 / spans;
  const std::size_t size = encoder.encode(batch.trace(), message);
  const std::string encode = fmt::format("encode {} spans", spans), copying = fmt::format("copy {} bytes", size);
  suite.row(encode, [&batch, calls] { return bench::block(calls, [&] { (void)encoder.encode(batch.trace(), message); }); });
  suite.row(copying, [calls, size] { return bench::block(calls, [size] { std::memcpy(copy.data(), message.data(), size); }); });
  suite.figure(fmt::format("{} spans", spans), "x copy", bench::at_most(5),
               [=](const bench::Round& round) { return round.median(encode) / round.median(copying); });
  suite.figure(fmt::format("one of {} spans", spans), "ns", bench::no_goal,
               [=](const bench::Round& round) { return round.median(encode) / spans; });
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("encode", count, arguments);
  const Batch small{10}, large{100};
  add_rows(suite, small);
  add_rows(suite, large);
  suite.run(200);
  return suite.report();
}
