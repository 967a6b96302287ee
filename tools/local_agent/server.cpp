#include "server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <vector>

namespace scout::local_agent {

void Server::run(int stop) {
  while (!stopping_) {
    std::vector<pollfd> polled;
    const bool full = connections_.size() >= limits_.connections;
    polled.push_back({stop, POLLIN, 0});
    polled.push_back({full ? -1 : listener_.descriptor(), POLLIN, 0});
    for (const Connection& connection : connections_) {
      const bool reads = connection.reading && connection.unsent.size() < limits_.unread_answers;
      polled.push_back(
          {connection.socket.number(), static_cast<short>((reads ? POLLIN : 0) | (connection.unsent.empty() ? 0 : POLLOUT)), 0});
    }
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) break;
    if (polled[0].revents != 0) break;
    std::size_t i = 2;
    for (auto connection = connections_.begin(); connection != connections_.end();) {
      const short events = polled[i++].revents;
      const auto next = std::next(connection);
      if (events != 0 && !serve(*connection, events)) {
        connection->session.closed(connection->waiting);
        waiting_ -= connection->waiting;
        connections_.erase(connection);
      }
      connection = next;
    }
    if (polled[1].revents != 0) accept_all();
  }
  for (Connection& connection : connections_) connection.session.closed(connection.waiting);
  connections_.clear();
}

void Server::accept_all() {
  while (connections_.size() < limits_.connections) {
    Descriptor socket{::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket) return;
    connections_.emplace_back(std::move(socket), desk_, limits_.frame);
  }
}

bool Server::serve(Connection& connection, short events) {
  if ((events & POLLOUT) != 0 && !send(connection)) return false;
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && connection.reading && !read(connection)) return false;
  for (bool more = true; more;) {
    if (!answer_frames(connection)) return false;
    more = connection.unsent.size() >= limits_.unread_answers;  // then frames may be left
    if (!send(connection)) return false;
    more = more && connection.unsent.empty();
  }
  return connection.reading || !connection.unsent.empty();
}

bool Server::read(Connection& connection) {
  const auto space = connection.reader.space();
  const ssize_t received = ::recv(connection.socket.number(), space.data(), space.size(), 0);
  if (received < 0) return errno == EAGAIN || errno == EINTR;
  if (received == 0) {
    connection.reading = false;
    return true;
  }
  const auto size = static_cast<std::size_t>(received);
  connection.reader.filled(size);
  connection.waiting += size;
  waiting_ += size;
  connection.most_waiting = std::max(connection.most_waiting, connection.waiting);
  return true;
}

bool Server::answer_frames(Connection& connection) {
  while (connection.unsent.size() < limits_.unread_answers && !stopping_) {
    const auto frame = connection.reader.next();
    if (!frame) {
      connection.session.bad_frame(frame.error().message);
      return false;
    }
    if (!*frame) break;
    const Session::Answer answer = connection.session.handle(**frame);
    connection.waiting -= frame_header_size + (*frame)->size();
    waiting_ -= frame_header_size + (*frame)->size();
    char header[frame_header_size];
    write_frame_header(header, static_cast<std::uint32_t>(answer.text.size()));
    connection.unsent.append(header, frame_header_size).append(answer.text);
    stopping_ = stopping_ || answer.shut_down;
  }
  if (waiting_ > limits_.waiting_bytes) {
    connection.session.bad_frame("too many bytes are waiting in all connections");
    return false;
  }
  constexpr std::size_t worth_keeping = 256 * 1024;
  if (connection.waiting == 0 && connection.most_waiting > worth_keeping) {
    connection.reader = FrameReader{limits_.frame};
    connection.most_waiting = 0;
  }
  return true;
}

bool Server::send(Connection& connection) {
  while (!connection.unsent.empty()) {
    const ssize_t sent = ::send(connection.socket.number(), connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection.unsent.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace scout::local_agent
