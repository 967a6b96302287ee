#include "peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <scout/core_agent/framing.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace bench {

namespace {

void check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

}  // namespace

class Peer::Connection {
 public:
  Connection(int socket, Counts& counts) : socket_(socket), counts_(counts) {}

  // Until it ends.
  void serve() {
    for (;;) {
      const ssize_t received = ::recv(socket_, buffer_.data() + end_, buffer_.size() - simdjson::SIMDJSON_PADDING - end_, 0);
      if (received <= 0) return;
      end_ += static_cast<std::size_t>(received);
      take_frames();
      if (::send(socket_, answers_.data(), answers_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answers_.size())) return;
      answers_.clear();
    }
  }

 private:
  void take_frames() {
    std::size_t begin = 0;
    while (end_ - begin >= scout::frame_header_size) {
      const std::size_t size = scout::frame_header_size + scout::read_frame_header(buffer_.data() + begin);
      if (size > end_ - begin) break;
      take({buffer_.data() + begin, size});
      begin += size;
    }
    std::memmove(buffer_.data(), buffer_.data() + begin, end_ - begin);
    end_ -= begin;
  }

  void take(std::string_view frame) {
    const std::size_t size = frame.size() - scout::frame_header_size;
    simdjson::ondemand::document message =
        parser_.iterate(frame.data() + scout::frame_header_size, size, size + simdjson::SIMDJSON_PADDING);
    std::uint64_t spans = 0;
    for (simdjson::ondemand::field command : message.get_object()) {
      const std::string_view name = command.unescaped_key();
      answer(name);
      if (name != "BatchCommand") continue;
      for (simdjson::ondemand::object each : command.value()["commands"]) spans += (*each.begin()).key() == "StartSpan";
    }
    if (spans == 0) return;
    counts_.spans.fetch_add(spans - 1, std::memory_order_relaxed);
    counts_.frame_size = frame.copy(counts_.frame, sizeof counts_.frame);
    counts_.transactions.fetch_add(1, std::memory_order_release);
  }

  void answer(std::string_view command) {
    std::string text = "{\"";
    text.append(command).append(R"(":{"id":null,"result":"Success"}})");
    char header[scout::frame_header_size];
    scout::write_frame_header(header, static_cast<std::uint32_t>(text.size()));
    answers_.append(header, sizeof header).append(text);
  }

  int socket_;
  Counts& counts_;
  simdjson::ondemand::parser parser_;
  std::vector<char> buffer_ = std::vector<char>(1024 * 1024);
  std::size_t end_ = 0;
  std::string answers_;
};

Peer::Peer() {
  void* const memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "mmap");
  counts_ = static_cast<Counts*>(memory);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  check(::bind(listener, generic, size) == 0 && ::listen(listener, 4) == 0 && ::getsockname(listener, generic, &size) == 0,
        "listen");
  port_ = ntohs(address.sin_port);
  process_ = ::fork();
  check(process_ >= 0, "fork");
  if (process_ == 0) serve(listener);
  ::close(listener);
}

void Peer::serve(int listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    const int socket = ::accept(listener, nullptr, nullptr);
    check(socket >= 0, "accept");
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection(socket, *counts_).serve();
    ::close(socket);
  }
}

Peer::~Peer() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::munmap(counts_, sizeof(Counts));
}

std::string Peer::last_frame() const { return {counts_->frame, counts_->frame_size}; }

}  // namespace bench
