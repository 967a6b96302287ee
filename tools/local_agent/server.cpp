#include "server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include <scout/core_agent/framing.hpp>

namespace scout::local_agent {
namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t padding = simdjson::SIMDJSON_PADDING;

// A peer whose machine is gone is noticed; on Unix sockets this means nothing and fails.
void keep_alive(int socket) {
  const int on = 1, idle = 60;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
}

}  // namespace

Server::Server(Listener listener, Desk& desk, ServerLimits limits)
    : listener_(std::move(listener)),
      desk_(desk),
      limits_(limits),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(read_size + padding) {
  epoll_event event{};
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, listener_.descriptor(), &event);
  listen(true);
}

void Server::run(int stop) {
  pollfd polled[] = {{stop, POLLIN, 0}, {descriptor(), POLLIN, 0}};
  do {
    if (::poll(polled, 2, timeout()) < 0 && errno != EINTR) return;
  } while (polled[0].revents == 0 && serve());
  finish();
}

void Server::finish() {
  const auto deadline = Clock::now() + std::chrono::milliseconds{500};
  pollfd polled{descriptor(), POLLIN, 0};
  while (!stopping_ && Clock::now() < deadline && ::poll(&polled, 1, 0) > 0) serve();
  while (!connections_.empty()) close(connections_.front());
}

int Server::timeout() const {
  return connections_.empty() && listening_ ? -1 : std::max(1, static_cast<int>(limits_.patience.count() / 4));
}

bool Server::serve() {
  epoll_event events[256];
  const int count = ::epoll_wait(epoll_.number(), events, static_cast<int>(std::size(events)), 0);
  bool arrivals = false;
  for (int i = 0; i < count; ++i) {
    auto* const connection = static_cast<Connection*>(events[i].data.ptr);
    if (connection == nullptr) {
      arrivals = true;
    } else if (serve(*connection, events[i].events)) {
      watch(*connection);
    } else {
      close(*connection);
    }
  }
  if (arrivals) accept_all();
  close_overdue();
  return !stopping_;
}

void Server::listen(bool on) {
  if (on == listening_) return;
  epoll_event event{};
  event.events = on ? EPOLLIN : 0u;
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, listener_.descriptor(), &event);
  listening_ = on;
}

void Server::accept_all() {
  while (connections_.size() < limits_.connections) {
    Descriptor socket{::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE) listen(false);
      return;
    }
    keep_alive(socket.number());
    Connection& connection = connections_.emplace_back(std::move(socket), desk_);
    connection.place = std::prev(connections_.end());
    connection.interest = EPOLLIN;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, connection.socket.number(), &event);
  }
  listen(false);
}

void Server::close(Connection& connection) {
  connection.session.closed(connection.partial.size());
  waiting_ -= connection.partial.size();
  connections_.erase(connection.place);
  listen(true);
}

void Server::close_overdue() {
  const auto now = Clock::now();
  if (now < next_look_) return;
  next_look_ = now + limits_.patience / 4;
  listen(connections_.size() < limits_.connections);
  for (auto connection = connections_.begin(); connection != connections_.end();) {
    Connection& each = *connection++;
    if (!each.owes() || now - each.since < limits_.patience) continue;
    if (!each.broken) each.session.timed_out();
    close(each);
  }
}

void Server::watch(Connection& connection) {
  const bool reads = connection.broken || (connection.reading && connection.unsent.size() < limits_.unread_answers);
  const std::uint32_t interest = (reads ? EPOLLIN : 0u) | (connection.unsent.empty() ? 0u : EPOLLOUT);
  if (interest == connection.interest) return;
  connection.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &connection;
  ::epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, connection.socket.number(), &event);
}

bool Server::serve(Connection& connection, std::uint32_t events) {
  if (!connection.owes()) connection.since = Clock::now();
  if ((events & EPOLLOUT) != 0 && !send(connection)) return false;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && (connection.interest & EPOLLIN) != 0 && !read(connection)) return false;
  for (bool more = true; more && !connection.broken;) {
    if (!connection.partial.empty()) handle_partial(connection);
    more = connection.unsent.size() >= limits_.unread_answers;  // then frames may be left
    if (!send(connection)) return false;
    more = more && connection.unsent.empty();
  }
  if (!connection.broken) return connection.reading || !connection.unsent.empty();
  waiting_ -= connection.partial.size();
  std::string{}.swap(connection.partial);
  if (!send(connection)) return false;
  if (connection.unsent.empty()) ::shutdown(connection.socket.number(), SHUT_WR);
  return connection.reading;
}

bool Server::read(Connection& connection) {
  const ssize_t received = ::recv(connection.socket.number(), buffer_.data(), read_size, 0);
  if (received < 0) return errno == EAGAIN || errno == EINTR;
  if (received == 0) connection.reading = false;
  if (connection.broken) return true;
  std::string_view bytes{buffer_.data(), static_cast<std::size_t>(received)};
  if (connection.partial.empty()) bytes.remove_prefix(handle_frames(connection, bytes));
  if (!connection.broken) keep(connection, bytes);
  return true;
}

void Server::keep(Connection& connection, std::string_view bytes) {
  connection.partial += bytes;
  waiting_ += bytes.size();
  if (waiting_ > limits_.waiting_bytes) break_off(connection, "too many bytes are waiting in all connections");
}

void Server::handle_partial(Connection& connection) {
  std::string& partial = connection.partial;
  const std::size_t size = partial.size();
  partial.append(padding, '\0');
  const std::size_t handled = handle_frames(connection, std::string_view{partial}.substr(0, size));
  partial.resize(size);
  partial.erase(0, handled);
  waiting_ -= handled;
  if (partial.capacity() > read_size && partial.capacity() / 4 > partial.size()) partial.shrink_to_fit();
}

std::size_t Server::handle_frames(Connection& connection, std::string_view bytes) {
  std::size_t handled = 0;
  while (connection.unsent.size() < limits_.unread_answers && !stopping_ && bytes.size() - handled >= frame_header_size) {
    const std::uint32_t size = read_frame_header(bytes.data() + handled);
    if (size == 0 || size > limits_.frame) {
      break_off(connection, fmt::format("a frame of {} bytes, allowed are 1 to {}", size, limits_.frame));
      break;
    }
    if (bytes.size() - handled - frame_header_size < size) break;
    const Session::Answer answer = connection.session.handle(bytes.substr(handled + frame_header_size, size));
    handled += frame_header_size + size;
    connection.since = Clock::now();
    char header[frame_header_size];
    write_frame_header(header, static_cast<std::uint32_t>(answer.text.size()));
    connection.unsent.append(header, frame_header_size).append(answer.text);
    stopping_ = stopping_ || answer.shut_down;
  }
  return handled;
}

void Server::break_off(Connection& connection, std::string_view why) {
  const std::string answer = connection.session.bad_frame(why);
  char header[frame_header_size];
  write_frame_header(header, static_cast<std::uint32_t>(answer.size()));
  connection.unsent.append(header, frame_header_size).append(answer);
  connection.broken = true;
}

bool Server::send(Connection& connection) {
  std::size_t sent = 0;
  while (sent < connection.unsent.size()) {
    const ssize_t n =
        ::send(connection.socket.number(), connection.unsent.data() + sent, connection.unsent.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (n < 0) break;
    sent += static_cast<std::size_t>(n);
    connection.since = Clock::now();
  }
  connection.unsent.erase(0, sent);
  return true;
}

}  // namespace scout::local_agent
