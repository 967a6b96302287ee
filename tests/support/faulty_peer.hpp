#ifndef SCOUT_TESTS_SUPPORT_FAULTY_PEER_HPP
#define SCOUT_TESTS_SUPPORT_FAULTY_PEER_HPP

// A stand-in for the core agent that can misbehave, on a thread of its own, on a unix socket or on TCP. It keeps every
// payload that it read, in order. Change its behaviour at any time; what is being served changes with the next message.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "scout/core_agent/framing.hpp"

namespace scout_tests {

enum class Behaviour {
  ok,
  bytewise,        // the answer in pieces of one byte
  failure,         // {"Failure":{"message":"no"}}
  nested_failure,  // the same as the result of the command
  garbage,         // a frame that is no JSON
  mute,            // no answer
  close,           // closes instead of answering
  half_length,     // two bytes of the length, then closes
  truncated,       // announces 100 bytes, sends 10, then closes
  half,            // announces 100 bytes, sends 10, then nothing more
  oversize,        // announces two gigabytes
  reset            // closes so that the other side sees a reset (TCP)
};

enum class Transport { unix_socket, tcp, tcp6 };

class FaultyPeer {
 public:
  explicit FaultyPeer(Transport transport = Transport::unix_socket) : transport_(transport) {
    static std::atomic<int> count{0};
    path_ = "/tmp/scout-peer-" + std::to_string(::getpid()) + '-' + std::to_string(count++) + ".sock";
    if (::pipe(wake_) != 0) std::abort();
    if (transport_ != Transport::unix_socket) bind();  // to know the port; connections are refused until start()
  }
  FaultyPeer(const FaultyPeer&) = delete;
  FaultyPeer& operator=(const FaultyPeer&) = delete;
  ~FaultyPeer() {
    stop();
    if (listener_ >= 0) ::close(listener_);
    ::close(wake_[0]);
    ::close(wake_[1]);
  }

  std::string address() const {
    switch (transport_) {
      case Transport::unix_socket: return "unix:" + path_;
      case Transport::tcp: return "tcp://127.0.0.1:" + std::to_string(port_);
      case Transport::tcp6: return "tcp://[::1]:" + std::to_string(port_);
    }
    return {};
  }

  FaultyPeer& start() {
    if (listener_ < 0) bind();
    if (::listen(listener_, 16) != 0) std::abort();
    thread_ = std::thread([this] { run(); });
    return *this;
  }

  // Closes everything, as a core agent that ends; start() may follow.
  void stop() {
    if (!thread_.joinable()) return;
    [[maybe_unused]] const auto written = ::write(wake_[1], "x", 1);
    thread_.join();
    char byte;
    [[maybe_unused]] const auto taken = ::read(wake_[0], &byte, 1);
    connections_.clear();
    ::close(listener_);
    listener_ = -1;
    ::unlink(path_.c_str());
  }

  void on_register(Behaviour behaviour) { on_register_ = behaviour; }
  void on_message(Behaviour behaviour) { on_message_ = behaviour; }
  // The connection that brings the n-th message from now is closed without an answer to it, once.
  void close_after(int n) { close_countdown_ = n; }
  // The connection that brings the n-th byte from its beginning is closed right after it, once. Before that connection.
  void close_at_byte(std::size_t n) { close_at_ = n; }
  // Reads one byte at a time and answers so, with a pause after each.
  void trickle(std::chrono::milliseconds pause) { pause_ = pause; }
  // As SIGSTOP and SIGCONT do to a process: whatever arrives waits in the kernel. From one thread.
  void freeze() { running_.lock(); }
  void thaw() { running_.unlock(); }
  // Puts its own socket file in the place of the other's, which goes on with the connections that it has.
  void take_place_of(FaultyPeer& other) {
    if (std::rename(path_.c_str(), other.path_.c_str()) != 0) std::abort();
    path_.swap(other.path_);
  }
  // Every connection that brings a payload with this text is closed. Before start().
  void poison(std::string text) { poison_ = std::move(text); }

  std::vector<std::string> payloads() const {
    const std::lock_guard lock(mutex_);
    return payloads_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }
  // How many payloads contain the text.
  std::size_t count(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return count_locked(text);
  }
  // Until that many do; false: not within 5 s.
  bool wait_for(std::string_view text, std::size_t wanted = 1) const {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(5), [&] { return count_locked(text) >= wanted; });
  }

 private:
  struct Client {
    explicit Client(int descriptor) : fd(descriptor) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { ::close(fd); }

    int fd;
    std::size_t received = 0;
    scout::FrameReader reader{64 * 1024 * 1024};
  };

  void bind() {
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (transport_ == Transport::unix_socket) {
      auto& address = reinterpret_cast<sockaddr_un&>(storage);
      address.sun_family = AF_UNIX;
      path_.copy(address.sun_path, sizeof address.sun_path - 1);
      size = sizeof address;
    } else if (transport_ == Transport::tcp) {
      auto& address = reinterpret_cast<sockaddr_in&>(storage);
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(port_);
      size = sizeof address;
    } else {
      auto& address = reinterpret_cast<sockaddr_in6&>(storage);
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_loopback;
      address.sin6_port = htons(port_);
      size = sizeof address;
    }
    listener_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&storage), size) != 0) std::abort();
    if (transport_ == Transport::unix_socket) return;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&storage), &size);
    port_ = ntohs(transport_ == Transport::tcp ? reinterpret_cast<sockaddr_in&>(storage).sin_port
                                               : reinterpret_cast<sockaddr_in6&>(storage).sin6_port);
  }

  void run() {
    for (;;) {
      std::vector<pollfd> entries{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& client : connections_) entries.push_back({client->fd, POLLIN, 0});
      if (::poll(entries.data(), entries.size(), -1) < 0) continue;
      const std::lock_guard running(running_);
      if (entries[0].revents != 0) return;
      std::vector<std::unique_ptr<Client>> kept;
      for (std::size_t i = 0; i < connections_.size(); ++i) {
        if (entries[i + 2].revents == 0 || serve(*connections_[i])) kept.push_back(std::move(connections_[i]));
      }
      connections_ = std::move(kept);
      if (entries[1].revents != 0) {
        connections_.push_back(std::make_unique<Client>(::accept(listener_, nullptr, nullptr)));
        const std::lock_guard lock(mutex_);
        ++accepted_;
      }
    }
  }

  // False: the connection is over.
  bool serve(Client& client) {
    const auto space = client.reader.space();
    const std::size_t end = close_at_.load();
    const std::size_t most = pause_.load().count() > 0 ? 1 : end > client.received ? end - client.received : space.size();
    const auto received = ::recv(client.fd, space.data(), std::min(most, space.size()), 0);
    if (received <= 0) return false;
    std::this_thread::sleep_for(pause_.load());
    client.reader.filled(static_cast<std::size_t>(received));
    client.received += static_cast<std::size_t>(received);
    if (end != 0 && client.received == end) {
      close_at_ = 0;
      return false;
    }
    for (;;) {
      const auto payload = client.reader.next();
      if (!payload) return false;
      if (!*payload) return true;
      {
        const std::lock_guard lock(mutex_);
        payloads_.emplace_back(**payload);
      }
      arrived_.notify_all();
      if (!answer(client, **payload)) return false;
    }
  }

  bool answer(Client& client, std::string_view payload) {
    const std::string command(payload.substr(2, payload.find('"', 2) - 2));
    if (close_countdown_ > 0 && --close_countdown_ == 0) return false;
    if (!poison_.empty() && payload.find(poison_) != std::string_view::npos) return false;
    const Behaviour behaviour = command == "Register" ? on_register_ : on_message_;
    switch (behaviour) {
      case Behaviour::ok: return send(client, framed("{\"" + command + "\":{\"id\":null,\"result\":\"Success\"}}"));
      case Behaviour::bytewise: return send(client, framed("{\"" + command + "\":{\"id\":null,\"result\":\"Success\"}}"), 1);
      case Behaviour::failure: return send(client, framed(R"({"Failure":{"message":"no"}})"));
      case Behaviour::nested_failure:
        return send(client, framed("{\"" + command + R"(":{"result":{"Failure":{"message":"no"}}}})"));
      case Behaviour::garbage: return send(client, framed("hello"));
      case Behaviour::mute: return true;
      case Behaviour::close: return false;
      case Behaviour::half_length: return send(client, std::string(2, '\0')), false;
      case Behaviour::truncated: return send(client, framed(std::string(100, 'x')).substr(0, 14)), false;
      case Behaviour::half: return send(client, framed(std::string(100, 'x')).substr(0, 14));
      case Behaviour::oversize: return send(client, "\x7f\xff\xff\xff{");
      case Behaviour::reset: {
        const linger at_once{1, 0};
        ::setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
      }
    }
    return false;
  }

  static std::string framed(std::string_view payload) {
    std::string frame(scout::frame_header_size, '\0');
    scout::write_frame_header(frame.data(), static_cast<std::uint32_t>(payload.size()));
    return frame.append(payload);
  }

  bool send(const Client& client, std::string_view bytes, std::size_t step = 4096) const {
    const auto pause = pause_.load();
    if (pause.count() > 0) step = 1;
    while (!bytes.empty()) {
      const auto sent = ::send(client.fd, bytes.data(), std::min(step, bytes.size()), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      std::this_thread::sleep_for(pause);
    }
    return true;
  }

  std::size_t count_locked(std::string_view text) const {
    std::size_t found = 0;
    for (const auto& payload : payloads_) found += payload.find(text) != std::string::npos;
    return found;
  }

  Transport transport_;
  std::string path_;
  std::uint16_t port_ = 0;
  int wake_[2];
  int listener_ = -1;
  std::thread thread_;
  std::vector<std::unique_ptr<Client>> connections_;  // the thread's
  std::atomic<Behaviour> on_register_{Behaviour::ok}, on_message_{Behaviour::ok};
  std::atomic<int> close_countdown_{0};
  std::atomic<std::size_t> close_at_{0};  // 0: never
  std::atomic<std::chrono::milliseconds> pause_{std::chrono::milliseconds(0)};
  std::mutex running_;  // held while it serves, and while it is frozen
  std::string poison_;

  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<std::string> payloads_;
  std::size_t accepted_ = 0;
};

}  // namespace scout_tests

#endif
