// What an include costs the compiler: CPU time of one compilation, the system's part included, with the compiler and the standard
// library that this program was built with. And what a macro adds to an object file: bytes of its function's hot code and of its
// cold code, without functions that all macros of a program share.

#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "../support/suite.hpp"

namespace {

const std::vector<std::string> compiler{BENCH_COMPILER, "-std=c++20", "-O2", "-I", BENCH_INCLUDE, "-c"};

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "scout-compile-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

// Milliseconds of CPU time.
double compile(const std::string& source, const std::string& option = "-O2") {
  std::vector<std::string> command = compiler;
  command.insert(command.end(), {option, source, "-o", source + ".o"});
  std::vector<char*> arguments;
  for (std::string& each : command) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  int status = 1;
  rusage usage{};
  if (posix_spawnp(&process, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0 ||
      wait4(process, &status, 0, &usage) < 0 || status != 0) {
    fmt::print(stderr, "{} does not compile\n", source);
    std::exit(1);
  }
  const auto milliseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

// Bytes of each section of an object file, as binutils tell them.
std::map<std::string, long> sections(const std::string& object) {
  std::map<std::string, long> sizes;
  std::FILE* const listing = popen(fmt::format("size -A '{}'", object).c_str(), "r");
  char line[512], name[256];
  long size = 0;
  while (listing != nullptr && std::fgets(line, sizeof line, listing) != nullptr) {
    if (std::sscanf(line, "%255s %ld", name, &size) == 2) sizes[name] += size;
  }
  if (listing != nullptr) pclose(listing);
  return sizes;
}

constexpr int functions = 10;

std::string functions_with(const std::string& macro) {
  std::string text = "#include <scout/scout.hpp>\nvoid work(int);\n";
  for (int i = 0; i < functions; ++i) text += fmt::format("void function_{0}() {{\n  {1};\n  work({0});\n}}\n", i, macro);
  return text;
}

void add_sizes(bench::Suite& suite, const Folder& folder, const std::string& option, const std::string& how, bench::Goal hot,
               bench::Goal cold) {
  const auto compiled = [&](const std::string& macro) {
    const std::string source = folder.file("functions.cpp", functions_with(macro));
    compile(source, option);
    return sections(source + ".o");
  };
  const auto without = compiled(""), with = compiled("SCOUT_INSTRUMENT(\"Query\", \"SQL\")");
  const auto add = [&](const std::string& name, const char* section, bench::Goal goal) {
    const auto size = [&](const std::map<std::string, long>& sizes) { return sizes.count(section) != 0 ? sizes.at(section) : 0; };
    suite.row(
        name, [added = static_cast<double>(size(with) - size(without)) / functions] { return added; }, "bytes");
    if (goal.value >= 0) suite.figure(name, "bytes", goal, [name](const bench::Round& round) { return round.median(name); });
  };
  add("a macro, hot code" + how, ".text", hot);
  add("a macro, cold code" + how, ".text.unlikely", cold);
}

}  // namespace

int main(int count, char** arguments) {
  bench::Suite suite("compile_time", count, arguments);
  const Folder folder;
  suite.row(
      "empty file", [file = folder.file("empty.cpp", "")] { return compile(file); }, "ms");
  for (const char* header : {"cstdint", "string_view", "scout/scout.hpp", "scout/agent.hpp"}) {
    const std::string name = fmt::format("<{}>", header);
    if (suite.smoke() && name == "<scout/agent.hpp>") continue;  // seconds
    const std::string file = folder.file(std::filesystem::path(header).filename().string() + ".cpp", "#include " + name + "\n");
    suite.row(
        name, [file] { return compile(file); }, "ms");
    suite.figure(name + " over an empty file", "ms", name == "<scout/scout.hpp>" ? bench::at_most(60) : bench::no_goal,
                 [name](const bench::Round& round) { return round.median(name) - round.median("empty file"); });
  }
  add_sizes(suite, folder, "-fexceptions", "", bench::at_most(200), bench::at_most(50));
  add_sizes(suite, folder, "-fno-exceptions", ", -fno-exceptions", bench::no_goal, bench::no_goal);
  suite.run(1);
  return suite.report();
}
