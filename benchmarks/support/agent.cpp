#include "agent.hpp"

#include <scout/agent.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

namespace bench {

namespace {

enum class Gate { open, closed, occupied };  // occupied: closed, and the collector stands before it
std::atomic<Gate> gate{Gate::open};

struct Sink {
  scout::Expected<void> write(const scout::Trace&) {
    if (gate.load(std::memory_order_relaxed) != Gate::open) stand();
    return {};
  }
  scout::Expected<void> write(const scout::ApplicationEvent&) { return {}; }
  scout::Expected<void> flush(scout::Deadline) { return {}; }

 private:
  static void stand() {
    Gate seen = Gate::closed;
    gate.compare_exchange_strong(seen, Gate::occupied);
    gate.notify_all();
    gate.wait(Gate::occupied);
  }
};

void check(bool installed) {
  if (installed) return;
  std::fputs("the agent could not be installed\n", stderr);
  std::exit(1);
}

}  // namespace

void install() {
  static Sink sink;
  check(scout::install({.key = "benchmark", .name = "benchmark", .monitor = true}, sink));
}

void install(const std::string& core_agent, int ring_size) {
  check(scout::install(
      {.key = "benchmark", .name = "benchmark", .monitor = true, .core_agent_socket_path = core_agent, .ring_size = ring_size}));
}

void install_without_monitoring() {
  install();
  scout::configure({.monitor = false});
}

void flush() { scout::flush(std::chrono::seconds(10)); }

void shutdown(Suite& suite) {
  scout::shutdown();
  const scout::Stats account = scout::stats();
  suite.count("spans started", account.spans.started);
  suite.count("spans delivered", account.spans.delivered);
  suite.count("spans dropped", account.spans.dropped.total());
}

Usage collector_usage() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name, word;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (name != "scout") continue;
    Usage usage{};
    constexpr int of_a_thread = 6;  // the clock of a thread's CPU time, as the kernel numbers it
    timespec time{};
    clock_gettime(static_cast<clockid_t>(~std::stoi(entry.path().filename()) * 8 | of_a_thread), &time);
    usage.cpu_time = static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
    std::ifstream status(entry.path() / "status");
    while (status >> word && word != "voluntary_ctxt_switches:") continue;
    status >> usage.voluntary_switches;
    return usage;
  }
  std::fputs("there is no background thread\n", stderr);
  std::exit(1);
}

HeldCollector::HeldCollector() {
  gate = Gate::closed;
  { SCOUT_BACKGROUND_TRANSACTION("holds the collector"); }
  gate.wait(Gate::closed);
}

HeldCollector::~HeldCollector() {
  gate = Gate::open;
  gate.notify_all();
}

void pause_for_collector() {
  if (counting()) return flush();
  const scout::detail::ThreadBuffer& buffer = *scout::detail::this_thread_buffer();
  do {
    if (buffer.registry != nullptr) scout::detail::press_collector(*buffer.registry);
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  } while (scout::detail::load(buffer.tail) != scout::detail::load(buffer.head));
}

}  // namespace bench
