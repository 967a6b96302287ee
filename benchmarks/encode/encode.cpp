// What it costs to write a transaction as the core agent's JSON, ids, times and escaping included, beside a copy of the same
// bytes: in turns, block by block.
//
//   encode [rounds]

#include <scout/core_agent/json_encoder.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int blocks_a_round = 200;

// A root and spans below it, two deep; every fourth has a tag with a character to escape.
class Transaction {
 public:
  explicit Transaction(std::uint16_t spans) {
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

template <class Body>
double nanoseconds_each(int count, Body body) {
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    body();
    asm volatile("" ::: "memory");
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / count;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(std::uint16_t spans, int rounds) {
  const Transaction transaction{spans};
  scout::JsonEncoder encoder;
  std::vector<char> message(1 << 20), copy(1 << 20);
  const std::size_t size = encoder.encode(transaction.trace(), message);
  const int count = static_cast<int>(10'000 / spans);
  std::vector<double> encoding, copying, ratios;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> encoded, copied;
    for (int i = 0; i < blocks_a_round; ++i) {
      encoded.push_back(nanoseconds_each(count, [&] { (void)encoder.encode(transaction.trace(), message); }));
      copied.push_back(nanoseconds_each(count, [&] { std::memcpy(copy.data(), message.data(), size); }));
    }
    encoding.push_back(median(encoded));
    copying.push_back(median(copied));
    ratios.push_back(encoding.back() / copying.back());
  }
  std::printf("%3d spans, %6zu bytes: %9.1f ns, %6.1f ns a span; copied %8.1f ns; x %5.1f\n", spans, size, median(encoding),
              median(encoding) / spans, median(copying), median(ratios));
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 9;
  for (const std::uint16_t spans : {std::uint16_t{10}, std::uint16_t{100}}) measure(spans, rounds);
}
