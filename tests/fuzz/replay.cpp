// Runs a fuzz target without libFuzzer, with any compiler: first every file of its corpus, then RUNS inputs made from them
// by a seeded generator, so that a failure comes again. The input that failed is kept in a file.
//
// usage: replay CORPUS_FOLDER DICTIONARY [RUNS [SEED]]

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Inputs = std::vector<std::string>;

constexpr std::size_t longest = 4096;  // as libFuzzer's default

std::string current, reproducer;

void keep_current() {
  std::ofstream(reproducer, std::ios::binary) << current;
  std::fprintf(stderr, "the input is in %s\n", std::filesystem::absolute(reproducer).c_str());
}

void on_signal(int signal) {
  keep_current();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// From memory of exactly that size, so that a sanitizer sees whoever reads beyond it.
void run(const std::string& input) {
  current = input;
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Inputs corpus_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Inputs inputs{""};
  for (const auto& file : files) inputs.push_back(contents(file));
  return inputs;
}

// The words of libFuzzer's format: "…" with \\, \" and \xNN, a line each.
Inputs words_of(const std::filesystem::path& file) {
  Inputs words;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find('"'), last = line.rfind('"');
    if (line.starts_with('#') || first == last) continue;
    std::string& word = words.emplace_back();
    for (auto i = first + 1; i < last; ++i) {
      if (line[i] != '\\') {
        word += line[i];
      } else if (line[++i] == 'x') {
        word += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        word += line[i];
      }
    }
  }
  return words;
}

class Mutator {
 public:
  Mutator(Inputs corpus, Inputs words, std::uint64_t seed)
      : corpus_(std::move(corpus)), words_(std::move(words)), random_(seed) {}

  std::string next() {
    std::string input = any(corpus_);
    for (auto changes = 1 + below(4); changes > 0; --changes) change(input);
    if (input.size() > longest) input.resize(longest);
    return input;
  }

 private:
  // The distributions of <random> differ between libraries, this does not.
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  const std::string& any(const Inputs& inputs) { return inputs[below(inputs.size())]; }
  char any_byte() { return static_cast<char>(below(256)); }

  void change(std::string& input) {
    const std::size_t place = below(input.size() + 1), length = below(input.size() - place + 1);
    switch (below(7)) {
      case 0: input.insert(place, 1, any_byte()); return;
      case 1: input.erase(place, 1 + below(4)); return;
      case 2: input.erase(place, length); return;
      case 3: input.insert(below(input.size() + 1), input.substr(place, length)); return;
      case 4: input.insert(place, words_.empty() ? any(corpus_) : any(words_)); return;
      case 5: input.replace(place, length, any(corpus_)); return;
      default:
        if (place < input.size()) input[place] = below(2) == 0 ? any_byte() : static_cast<char>(input[place] ^ 1 << below(8));
    }
  }

  Inputs corpus_, words_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER DICTIONARY [RUNS [SEED]]\n", arguments[0]);
    return 2;
  }
  reproducer = std::filesystem::path(arguments[0]).filename().string() + "-failure";
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(signal, on_signal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_current);

  const Inputs corpus = corpus_of(arguments[1]);
  for (const auto& input : corpus) run(input);
  const unsigned long runs = count > 3 ? std::strtoul(arguments[3], nullptr, 10) : 0;
  Mutator mutator(corpus, words_of(arguments[2]), count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 1);
  for (unsigned long i = 0; i < runs; ++i) run(mutator.next());
  std::printf("%zu inputs of the corpus, %lu made from them\n", corpus.size(), runs);
}
