#ifndef SCOUT_CORE_AGENT_CONNECTION_HPP
#define SCOUT_CORE_AGENT_CONNECTION_HPP

// One connection to the core agent after the other: connects, registers, introduces the process (its metadata), is open
// until something breaks, waits and begins again. A core agent that is slow to answer is not waited for: after a second
// what comes next is sent all the same, since answers come in order. Never blocks except in wait(); the time comes from the
// caller. Owned by CoreAgentSink, used by the collector's thread only.

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../config/address.hpp"
#include "../core/expected.hpp"
#include "../core/identity.hpp"
#include "../log/log.hpp"
#include "framing.hpp"
#include "peer_trust.hpp"
#include "response.hpp"
#include "socket.hpp"

namespace scout::inline v0 {

// A core agent that has not answered for so long is given up, and connected to anew.
inline constexpr std::chrono::seconds answer_timeout{10};
inline constexpr std::chrono::seconds greeting_patience{1};  // with an answer to Register, and to the metadata

class Connection {
 public:
  // Of the steady clock.
  using TimePoint = std::chrono::steady_clock::time_point;
  // waiting for the time of the next attempt, connecting, registering (Register was sent), introducing (the metadata
  // was), open.
  enum class State { waiting, connecting, registering, introducing, open };

  Connection(Address address, const Logger& logger) : address_(std::move(address)), logger_(logger) {}

  // Whole frames: the first on every connection, and what follows it, if anything.
  void set_registration(std::string frame) { registration_ = std::move(frame); }
  void set_introduction(std::string frame) { introduction_ = std::move(frame); }

  // How far it is.
  State state() const noexcept { return state_; }
  // Messages may be sent.
  bool open() const noexcept { return state_ == State::open; }
  // Whether Register was accepted on the present connection, or on the last one.
  bool registered() const noexcept { return registered_; }
  // Open, and everything so far was answered.
  bool ready() const noexcept { return open() && unanswered_ == 0; }
  const std::optional<Error>& last_error() const noexcept { return last_error_; }

  // Goes as far towards ready as it can without waiting.
  void advance(TimePoint now) {
    if (state_ != State::waiting && !socket_.intact()) fail({ErrorCode::closed, "the program closed our descriptor"}, now);
    if (state_ == State::waiting && now >= retry_at_) start(now);
    if (state_ == State::connecting) finish_connecting(now);
    while (state_ == State::registering || state_ == State::introducing) {
      if (!greet(now)) break;
    }
    if (greeting() && now >= due_) fail({ErrorCode::timed_out, "no answer in 10 s"}, now);
  }

  // Ends the pause between two attempts.
  void retry_now() noexcept { retry_at_ = {}; }

  // Precondition of both: open(). How many bytes were taken; an error is the caller's to report with fail().
  Expected<std::size_t> send(std::string_view bytes) { return socket_.send(bytes); }

  // The next answer to a message, if one has come; reports its own errors.
  std::optional<Answer> receive(TimePoint now) {
    for (;;) {
      const auto payload = reader_.next();
      if (!payload) return fail(payload.error(), now), std::nullopt;
      if (*payload) {
        auto answer = parser_.parse(**payload);
        if (!answer) return fail(std::move(answer.error()), now), std::nullopt;
        if (unanswered_ == 0) return std::move(*answer);
        if (!take_greeting_answer(*answer, now)) return std::nullopt;
        continue;
      }
      if (std::exchange(read_all_, false)) return std::nullopt;
      const std::span<char> space = reader_.space();
      const auto received = socket_.receive(space);
      if (!received) return fail(received.error(), now), std::nullopt;
      if (*received == 0) return std::nullopt;
      reader_.filled(*received);
      read_all_ = *received < space.size();
    }
  }

  // What was sent last was understood: the next failure is a new one.
  void proven() noexcept { pause_ = first_pause; }

  // Closes, and tries again after a pause that grows with every failure.
  void fail(Error error, TimePoint now) {
    error.message = address_.text() + ": " + error.message;
    pause_after(std::move(error), now);
  }

  // Until something can go on, or the deadline.
  void wait(TimePoint deadline, bool unsent) const noexcept {
    if (state_ == State::waiting) return socket_.wait(0, std::min(deadline, retry_at_));
    if (state_ == State::connecting) return socket_.wait(POLLOUT, std::min(deadline, due_));
    if (greeting()) deadline = std::min(deadline, due_);
    if (!open() && outgoing_.empty()) deadline = std::min(deadline, asked_ + greeting_patience);
    const bool writing = open() ? unsent : !outgoing_.empty();
    socket_.wait(static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), deadline);
  }

  // Without a word to the peer: after a fork the socket is the parent's too.
  void close() noexcept {
    socket_.close();
    reader_.reset();
    read_all_ = false;
    outgoing_ = {};
    unanswered_ = 0;
    state_ = State::waiting;
  }

 private:
  static constexpr std::chrono::milliseconds first_pause{100}, last_pause{5000};

  // Of an error that says the address.
  void pause_after(Error error, TimePoint now) {
    close();
    jitter_ = detail::mixed(jitter_ + static_cast<std::uint64_t>(now.time_since_epoch().count()));
    const auto spread = pause_.count() / 2;
    retry_at_ = now + pause_ - pause_ / 4 + std::chrono::milliseconds(static_cast<std::int64_t>(jitter_ >> 33) % (spread + 1));
    pause_ = std::min(2 * pause_, last_pause);
    const bool due = failures_.due(now);
    logger_.write(due ? LogLevel::warning : LogLevel::debug, "scout.socket", "{}", error.message);
    last_error_ = std::move(error);
  }

  void start(TimePoint now) {
    registered_ = false;
    auto endpoints = resolve(address_);
    if (!endpoints) return pause_after(std::move(endpoints.error()), now);
    endpoints_ = std::move(*endpoints);
    next_endpoint_ = 0;
    try_endpoints({ErrorCode::unreachable, "no address"}, now);
  }

  // The places that a name stands for, one after the other.
  void try_endpoints(Error error, TimePoint now) {
    while (next_endpoint_ < endpoints_.size()) {
      auto socket = Socket::connect(endpoints_[next_endpoint_++]);
      if (socket) {
        socket_ = std::move(*socket);
        state_ = State::connecting;
        due_ = now + answer_timeout;
        return;
      }
      error = std::move(socket.error());
    }
    fail(std::move(error), now);
  }

  void finish_connecting(TimePoint now) {
    while (state_ == State::connecting) {
      const auto connected = socket_.connected();
      if (!connected) {
        try_endpoints(connected.error(), now);
      } else if (*connected) {
        if (auto trusted = detail::check_peer(socket_, endpoints_[next_endpoint_ - 1]); !trusted) {
          return fail(std::move(trusted.error()), now);
        }
        ask(State::registering, registration_, now);
      } else {
        if (now >= due_) fail({ErrorCode::timed_out, "no connection in 10 s"}, now);
        return;
      }
    }
  }

  bool greeting() const noexcept { return state_ == State::registering || state_ == State::introducing || unanswered_ != 0; }

  void ask(State state, const std::string& frame, TimePoint now) {
    state_ = state;
    question_ = frame;  // a copy: a new introduction may come while this one is being sent
    outgoing_ = question_;
    ++unanswered_;
    asked_ = now;
    due_ = now + answer_timeout;
  }

  // Sends what is left of the question, and goes on to the next one when it was answered, or after a while. False: not yet.
  bool greet(TimePoint now) {
    if (!outgoing_.empty()) {
      const auto sent = socket_.send(outgoing_);
      if (!sent) return fail(sent.error(), now), false;
      outgoing_.remove_prefix(*sent);
    }
    if (receive(now)) return fail({ErrorCode::protocol, "an answer to nothing"}, now), false;
    if (state_ == State::waiting || !outgoing_.empty()) return false;
    if (unanswered_ != 0 && now - asked_ < greeting_patience) return false;
    if (state_ == State::registering && !introduction_.empty()) return ask(State::introducing, introduction_, now), true;
    state_ = State::open;
    return true;
  }

  // False: that was the end of the connection.
  bool take_greeting_answer(const Answer& answer, TimePoint now) {
    const bool asked = open() || outgoing_.empty() || unanswered_ > 1;
    if (!asked) return fail({ErrorCode::protocol, "an answer before the question was sent"}, now), false;
    --unanswered_;
    due_ = now + answer_timeout;
    if (registered_) {
      if (!answer.accepted) {
        logger_.write(LogLevel::warning, "scout.socket", "{}: the metadata was not accepted: {}", address_.text(), answer.message);
      }
      return true;
    }
    if (!answer.accepted) return fail({ErrorCode::refused, "Register was not accepted: " + answer.message}, now), false;
    registered_ = true;
    logger_.write(LogLevel::info, "scout.socket", "registered at {}", address_.text());
    return true;
  }

  Address address_;
  std::string registration_, introduction_;
  const Logger& logger_;

  State state_ = State::waiting;
  Socket socket_;
  FrameReader reader_{max_answer_size};
  bool read_all_ = false;  // what had come: a look for more would be for nothing
  AnswerParser parser_;
  std::vector<Endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  std::string question_;
  std::string_view outgoing_;  // of question_
  unsigned unanswered_ = 0;    // questions of the greeting
  bool registered_ = false;
  TimePoint asked_{}, due_{}, retry_at_{};
  std::chrono::milliseconds pause_ = first_pause;
  std::uint64_t jitter_ = 0;
  std::optional<Error> last_error_;
  OncePerMinute failures_;
};

}  // namespace scout::inline v0

#endif
