#ifndef SCOUT_CORE_AGENT_MANAGER_PROBE_HPP
#define SCOUT_CORE_AGENT_MANAGER_PROBE_HPP

// Asks whoever listens at the core agent's address one question. The calling thread waits, not longer than probe_patience.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../framing.hpp"
#include "../peer_trust.hpp"
#include "../response.hpp"
#include "../socket.hpp"
#include "descriptor.hpp"
#include "stop_signal.hpp"

namespace scout::inline v0 {

// How long a probe waits for a connection and an answer.
inline constexpr std::chrono::seconds probe_patience{3};

namespace detail {

class Question {
 public:
  Question(std::string_view payload, const StopSignal& stop)
      : stop_(stop), deadline_(StopSignal::Clock::now() + probe_patience), frame_(frame_header_size, '\0') {
    write_frame_header(frame_.data(), static_cast<std::uint32_t>(payload.size()));
    frame_ += payload;
  }

  // ErrorCode::unreachable: nobody listens there.
  Expected<Answer> ask(const Endpoint& endpoint) {
    auto socket = Socket::connect(endpoint);
    if (!socket) return socket.error();
    for (;;) {
      const auto connected = socket->connected();
      if (!connected) return connected.error();
      if (*connected) break;
      if (auto waited = wait(*socket, POLLOUT); !waited) return waited.error();
    }
    if (auto trusted = check_peer(*socket, endpoint); !trusted) return trusted.error();
    for (std::string_view left = frame_; !left.empty();) {
      const auto sent = socket->send(left);
      if (!sent) return sent.error();
      left.remove_prefix(*sent);
      if (*sent != 0) continue;
      if (auto waited = wait(*socket, POLLOUT); !waited) return waited.error();
    }
    return receive(*socket);
  }

 private:
  Expected<Answer> receive(const Socket& socket) {
    FrameReader reader(max_answer_size);
    for (;;) {
      const auto payload = reader.next();
      if (!payload) return payload.error();
      if (*payload) return AnswerParser().parse(**payload);
      const auto received = socket.receive(reader.space());
      if (!received) return received.error();
      reader.filled(*received);
      if (*received != 0) continue;
      if (auto waited = wait(socket, POLLIN); !waited) return waited.error();
    }
  }

  Expected<void> wait(const Socket& socket, short events) const {
    if (stop_.raised()) return StopSignal::error();
    const auto now = StopSignal::Clock::now();
    if (now >= deadline_) return Error{ErrorCode::timed_out, "no answer in 3 s"};
    socket.wait(events, std::min(deadline_, now + StopSignal::poll_interval));
    return {};
  }

  const StopSignal& stop_;
  StopSignal::Clock::time_point deadline_;
  std::string frame_;
};

// Of the first place that answers; the error is the first that says more than that nobody listens.
inline Expected<Answer> ask_core_agent(const Address& address, std::string_view payload, const StopSignal& stop) {
  auto endpoints = resolve(address);
  if (!endpoints) return endpoints.error();
  std::optional<Error> error;
  for (const Endpoint& endpoint : *endpoints) {
    auto answer = Question(payload, stop).ask(endpoint);
    if (answer) return answer;
    if (!error || (error->code == ErrorCode::unreachable && answer.error().code != ErrorCode::unreachable))
      error = answer.error();
  }
  if (!error) error = Error{ErrorCode::unreachable, "no address"};
  return Error{error->code, address.text() + ": " + error->message};
}

}  // namespace detail

// The version of the core agent that listens there. ErrorCode::unreachable: nobody does; any other: somebody, who is no core
// agent, not to be trusted, or does not answer.
inline Expected<std::string> probe_core_agent(const Address& address, const StopSignal& stop) {
  auto answer = detail::ask_core_agent(address, R"({"CoreAgentVersion":{}})", stop);
  if (!answer) return answer.error();
  if (answer->command == "CoreAgentVersion" && !answer->version.empty()) return std::move(answer->version);
  return Error{ErrorCode::protocol, address.text() + ": it does not answer as a core agent"};
}

// Asks the core agent to end. Good when it agreed, or closed the connection at once.
inline Expected<void> shut_down_core_agent(const Address& address, const StopSignal& stop) {
  const auto answer = detail::ask_core_agent(address, R"({"CoreAgentShutdown":{}})", stop);
  if (!answer) return answer.error().code == ErrorCode::closed ? Expected<void>() : answer.error();
  if (!answer->accepted) return Error{ErrorCode::refused, address.text() + ": " + answer->message};
  return {};
}

// Whether a process of this machine can listen there.
inline bool is_on_this_machine(const Address& address) {
  if (address.is_unix()) return true;
  auto endpoints = resolve(address);
  if (!endpoints) return false;
  for (Endpoint& endpoint : *endpoints) {
    if (endpoint.address.ss_family == AF_UNIX) continue;
    const detail::Descriptor socket(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // The port's place is the same in both families; port 0 is any that is free.
    reinterpret_cast<sockaddr_in&>(endpoint.address).sin_port = 0;
    if (socket && ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size) == 0) return true;
  }
  return false;
}

}  // namespace scout::inline v0

#endif
