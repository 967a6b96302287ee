#ifndef SCOUT_BENCHMARKS_RAW_SENDER_HPP
#define SCOUT_BENCHMARKS_RAW_SENDER_HPP

// Sends ready bytes as the collector sends what it has encoded: frame by frame, on one connection, while the answers to at most
// `window` frames are outstanding; it counts answers, whatever they say.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <scout/core_agent/framing.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

class RawSender {
 public:
  explicit RawSender(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    check(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawSender() { ::close(socket_); }
  RawSender(const RawSender&) = delete;
  RawSender& operator=(const RawSender&) = delete;

  void send(const std::string& frame, int count, int window) {
    for (int sent = 0; sent < count; ++sent) {
      while (outstanding_ >= window) take_answers(0);
      check(::send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size()));
      ++outstanding_;
      take_answers(MSG_DONTWAIT);
    }
    while (outstanding_ != 0) take_answers(0);
  }

 private:
  static void check(bool good) {
    if (good) return;
    std::perror("raw sender");
    std::exit(1);
  }

  void take_answers(int flags) {
    const auto space = reader_.space();
    const ssize_t received = ::recv(socket_, space.data(), space.size(), flags);
    if (received < 0 && flags == MSG_DONTWAIT) return;
    check(received > 0);
    reader_.filled(static_cast<std::size_t>(received));
    for (auto frame = reader_.next(); frame && *frame; frame = reader_.next()) --outstanding_;
  }

  int socket_;
  int outstanding_ = 0;
  scout::FrameReader reader_{64 * 1024};
};

#endif
