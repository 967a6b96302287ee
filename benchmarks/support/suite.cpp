#include "suite.hpp"

#include <fmt/format.h>
#include <scout/core/json_text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#if __has_include(<valgrind/callgrind.h>)
#  include <valgrind/callgrind.h>
#else
#  define CALLGRIND_TOGGLE_COLLECT
#  define CALLGRIND_ZERO_STATS
#  define CALLGRIND_DUMP_STATS_AT(name) static_cast<void>(name)
#endif

namespace bench {

namespace {

#if defined(__clang__)
constexpr std::string_view compiler = __VERSION__;  // says that it is clang
#else
constexpr std::string_view compiler = "gcc " __VERSION__;
#endif

bool counting_instructions = false, counting_this_block = false;
int calls_of_this_block = 0;

double percentile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

std::string json(std::string_view text) {
  std::string out;
  scout::append_json_string(out, text);
  return out;
}

std::string json(double value) {
  std::string out;
  scout::append_json_number(out, value);
  return out;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return percentile(values, 0.5);
}

bool counting() { return counting_instructions; }

void begin_measured(int calls) {
  if (!counting_this_block) return;
  calls_of_this_block = calls;
  CALLGRIND_TOGGLE_COLLECT;
}

void end_measured() {
  if (counting_this_block) CALLGRIND_TOGGLE_COLLECT;
}

double Round::at(const std::string& row, double part) const {
  for (const auto& [name, blocks] : blocks_) {
    if (name == row) return percentile(blocks, part);
  }
  std::fprintf(stderr, "no row is named %s\n", row.c_str());
  std::abort();
}

Suite::Suite(std::string name, int argument_count, char** arguments) : name_(std::move(name)) {
  for (int i = 1; i < argument_count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--smoke") {
      smoke_ = true;
    } else if (argument == "--count") {
      counts_instructions_ = counting_instructions = true;
    } else if (argument == "--rounds" && i + 1 < argument_count) {
      rounds_ = std::max(1, std::atoi(arguments[++i]));
    } else {
      std::fprintf(stderr, "usage: %s [--rounds N] [--smoke] [--count]\n", arguments[0]);
      std::exit(2);
    }
  }
  if (smoke_) rounds_ = 1;
}

void Suite::row(const std::string& name, Block block, const std::string& unit) {
  row(
      name, [block = std::move(block)] { return std::vector<double>{block()}; }, unit);
}

void Suite::row(const std::string& name, Samples block, const std::string& unit) {
  rows_.push_back({name, unit, std::move(block), {}, {}, {}, 0});
}

void Suite::figure(const std::string& name, const std::string& unit, Goal goal, std::function<double(const Round&)> of) {
  figures_.push_back({name, unit, goal, std::move(of), {}});
}

void Suite::run(int blocks) {
  if (counts_instructions_) return count_instructions();
  blocks_ = scaled(blocks, std::min(blocks, 2));
  for (int round = 0; round < rounds_; ++round) {
    Round found;
    for (const Row& row : rows_) found.blocks_.emplace_back(row.name, std::vector<double>());
    for (int i = 0; i < blocks_; ++i) {
      for (std::size_t row = 0; row < rows_.size(); ++row) {
        const std::vector<double> samples = rows_[row].block();
        pause_();
        found.blocks_[row].second.insert(found.blocks_[row].second.end(), samples.begin(), samples.end());
      }
    }
    for (auto& [name, samples] : found.blocks_) std::sort(samples.begin(), samples.end());
    for (Row& row : rows_) {
      row.medians.push_back(found.median(row.name));
      row.tails.push_back(found.tail(row.name));
      if (!floor_.empty()) row.ratios.push_back(row.medians.back() / found.median(floor_));
    }
    for (Figure& figure : figures_) figure.values.push_back(figure.of(found));
  }
}

void Suite::count_instructions() {
  for (Row& row : rows_) {
    (void)row.block();  // what happens only once
    pause_();
    calls_of_this_block = 0;
    counting_this_block = true;
    CALLGRIND_ZERO_STATS;
    (void)row.block();
    CALLGRIND_DUMP_STATS_AT(row.name.c_str());
    counting_this_block = false;
    pause_();
    row.calls = calls_of_this_block;
  }
}

int Suite::report() const {
  const auto middle = [](const std::vector<double>& values) { return values.empty() ? std::nan("") : median(values); };
  std::string rows, figures, counts;
  for (const Row& row : rows_) {
    rows += fmt::format(R"({}{{"name":{},"unit":{},"median":{},"p99":{},"ratio":{},"calls":{}}})", rows.empty() ? "" : ",\n",
                        json(row.name), json(row.unit), json(middle(row.medians)), json(middle(row.tails)),
                        json(middle(row.ratios)), row.calls);
  }
  for (const Figure& figure : figures_) {
    const auto goal = [&](bool least) {
      return json(figure.goal.value >= 0 && figure.goal.is_least == least ? figure.goal.value : std::nan(""));
    };
    figures += fmt::format(R"({}{{"name":{},"unit":{},"value":{},"at_most":{},"at_least":{}}})", figures.empty() ? "" : ",\n",
                           json(figure.name), json(figure.unit), json(middle(figure.values)), goal(false), goal(true));
  }
  for (const auto& [name, value] : counts_) counts += fmt::format(R"({}{}:{})", counts.empty() ? "" : ",", json(name), value);
  fmt::print(R"({{"suite":{},"compiler":{},"rounds":{},"blocks":{},"floor":{},)", json(name_), json(compiler), rounds_, blocks_,
             floor_.empty() ? "null" : json(floor_));
  fmt::print("\n\"rows\":[{}],\n\"figures\":[{}],\n\"counts\":{{{}}}}}\n", rows, figures, counts);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace bench
