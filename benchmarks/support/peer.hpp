#ifndef SCOUT_BENCHMARKS_PEER_HPP
#define SCOUT_BENCHMARKS_PEER_HPP

// A process that stands where the core agent would: takes one connection after the other on loopback, parses each message with
// simdjson, counts what is in it, and answers. It ends with the benchmark.

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

class Peer {
 public:
  Peer();  // before there are other threads
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "tcp://127.0.0.1:" + std::to_string(port_); }

  std::uint64_t transactions() const { return counts_->transactions.load(std::memory_order_acquire); }
  std::uint64_t spans() const { return counts_->spans.load(std::memory_order_relaxed); }  // beside the transactions' roots
  // The last batch, with its header.
  std::string last_frame() const;

 private:
  struct Counts {
    std::atomic<std::uint64_t> transactions, spans;
    std::size_t frame_size;
    char frame[256 * 1024];
  };
  class Connection;

  [[noreturn]] void serve(int listener);

  Counts* counts_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace bench

#endif
