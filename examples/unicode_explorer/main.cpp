// Unicode explorer: a small web service with a database, seen through scout. Some of its pages are good, one asks the
// database too often, one is slow, one fails, one works on several threads, one asks another service.

#include <fmt/format.h>
#include <unistd.h>
#include <scout/agent.hpp>
#include <scout/integrations/sqlite3.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "pages.hpp"
#include "unicode_data.hpp"

namespace explorer {
namespace {

// A directory for the database, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "unicode-explorer-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a temporary directory"};
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Runs a job at once and then every second, until it is destroyed.
class Repeating {
 public:
  template <class Job>
  explicit Repeating(Job job)
      : thread_([this, job] {
          std::unique_lock lock{mutex_};
          do {
            job();
          } while (!stopping_.wait_for(lock, std::chrono::seconds{1}, [this] { return stop_; }));
        }) {}
  ~Repeating() {
    {
      const std::lock_guard lock{mutex_};
      stop_ = true;
    }
    stopping_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::thread thread_;
};

int run(int port, const std::string& data) {
  // Blocked here and in all threads: SIGINT and SIGTERM are waited for below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const TemporaryDirectory directory;
  const std::string path = directory.file("unicode.db");
  Database database{path};
  load_unicode_data(database, data);
  scout::instrument_sqlite3();

  httplib::Server server;
  add_pages(server, path);
  const int bound = port == 0 ? server.bind_to_any_port("127.0.0.1") : server.bind_to_port("127.0.0.1", port) ? port : -1;
  if (bound < 0) throw std::runtime_error{fmt::format("port {} of 127.0.0.1 is taken", port)};
  std::thread serving{[&] { server.listen_after_bind(); }};
  {
    const Repeating statistics{[&] { refresh_statistics(path); }};
    fmt::print("unicode-explorer listens on http://127.0.0.1:{}\n", bound);
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
  }
  server.stop();
  serving.join();
  return 0;
}

}  // namespace
}  // namespace explorer

int main(int argc, char** argv) {
  int port = 8080;
  std::string agent = "tcp://127.0.0.1:6590", data = "/usr/share/unicode";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--port") port = std::atoi(argv[i + 1]);
    if (option == "--agent") agent = argv[i + 1];
    if (option == "--data") data = argv[i + 1];
  }
  scout::install({.name = "Unicode explorer",
                  .monitor = true,
                  .framework = "cpp-httplib",
                  .core_agent_launch = false,
                  .core_agent_socket_path = agent,
                  .n_plus_one_seconds = 0});  // the data lies in memory: how often is enough to tell
  int status = 1;
  try {
    status = explorer::run(port, data);
  } catch (const std::exception& error) {
    fmt::print(stderr, "unicode-explorer: {}\n", error.what());
  }
  scout::shutdown();
  const scout::Stats stats = scout::stats();
  fmt::print("scout: {} transactions and {} spans delivered, {} lost\n", stats.transactions.delivered, stats.spans.delivered,
             stats.transactions.dropped.total() + stats.spans.dropped.total());
  return status;
}
