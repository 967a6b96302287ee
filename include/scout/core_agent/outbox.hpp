#ifndef SCOUT_CORE_AGENT_OUTBOX_HPP
#define SCOUT_CORE_AGENT_OUTBOX_HPP

// The messages that wait for the core agent's answer, in the order of their writing: first those that are in flight, then
// those that were never sent on this connection. The buffer is a ring of a fixed size, of which it uses no more than it has to;
// when it is full the oldest that is not in flight goes. Owned by CoreAgentSink, no I/O here.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/expected.hpp"
#include "../core/ledger.hpp"
#include "../sink/sink.hpp"
#include "framing.hpp"

namespace scout::inline v0 {

class Outbox {
 public:
  // How much is kept, and how long its owner may wait for room.
  struct Limits {
    std::size_t bytes = 4 * 1024 * 1024;    // of all payloads
    std::size_t message = 4 * 1024 * 1024;  // of one payload
    std::size_t events = 64;                // so that an absent core agent does not find old news only
    unsigned sendings = 5;                  // of a message that ends its connection every time
    std::chrono::milliseconds wait{250};    // for room, of each second
  };

  static constexpr std::size_t at_once = 256 * 1024;  // bytes, about what a socket takes

  explicit Outbox(Limits limits) : limits_(limits), buffer_(new (std::nothrow) char[limits.bytes]) {
    if (!buffer_) limits_.bytes = 0;
  }

  // Adds what `encode(span<char>)` writes; it returns the size of the whole message, and is called again with more room if
  // that was not enough. While there is no room `wait()` may make some; false: it does not. What has to go then is accounted in
  // `settlement`.
  template <class Encode, class Wait>
  Expected<void> add_transaction(std::uint64_t spans, Settlement& settlement, Encode&& encode, Wait&& wait) {
    return add(Entry{.spans = spans, .transaction = true}, settlement, encode, wait);
  }

  // The same for an event, which is in no account; the oldest makes room.
  template <class Encode>
  Expected<void> add_event(Settlement& settlement, Encode&& encode) {
    if (events_ >= limits_.events) evict_oldest_event();
    return add(Entry{}, settlement, encode, [] { return false; });
  }

  // Whether nothing is left, a transaction is, and something was sent that is not answered.
  bool empty() const noexcept { return first_ == entries_.size(); }
  bool has_transactions() const noexcept { return entries_.size() - first_ > events_; }
  bool in_flight() const noexcept { return next_ > first_ || partly_sent_ > 0; }

  // The bytes to send next, of as many messages as stand together; empty: all are sent.
  std::string_view unsent() const noexcept {
    if (next_ == entries_.size()) return {};
    const std::size_t start = entries_[next_].offset;
    std::size_t end = start;
    for (std::size_t i = next_; i < entries_.size() && entries_[i].offset == end && end - start < at_once; ++i)
      end += entries_[i].size;
    return {buffer_.get() + start + partly_sent_, end - start - partly_sent_};
  }

  // How many these are in all messages.
  std::size_t unsent_bytes() const noexcept { return unsent_bytes_; }

  // Whether more than half of the buffer is taken.
  bool crowded() const noexcept {
    if (empty()) return false;
    const std::size_t oldest = entries_[first_].offset;
    return (has_wrapped() ? limits_.bytes - oldest + end_ : end_ - oldest) > limits_.bytes / 2;
  }

  // Precondition: size <= unsent().size().
  void sent(std::size_t size, Settlement& settlement) noexcept {
    unsent_bytes_ -= size;
    for (partly_sent_ += size; next_ < entries_.size() && partly_sent_ >= entries_[next_].size; ++next_) {
      Entry& entry = entries_[next_];
      partly_sent_ -= entry.size;
      if (entry.sendings++ == 1 && entry.transaction) ++settlement.redelivered_transactions;
    }
  }

  // The oldest message in flight was answered. False: none is, so nothing was asked.
  bool answered(bool accepted, Settlement& settlement) noexcept {
    if (next_ == first_) return false;
    settle_first(accepted ? std::nullopt : std::optional(Reason::refused), settlement);
    return true;
  }

  // The connection is gone: what was in flight is sent again. A message that was next to be answered each time on a connection
  // that was `registered`, if only a part of it was sent, may be what breaks the core agent, so it is not sent forever.
  void rewind(bool registered, Settlement& settlement) noexcept {
    const bool doubtful = registered && in_flight();
    next_ = first_;
    partly_sent_ = 0;
    if (doubtful && ++entries_[first_].breaks >= limits_.sendings) {
      ++next_;
      settle_first(Reason::refused, settlement);
    }
    unsent_bytes_ = 0;
    for (std::size_t i = next_; i < entries_.size(); ++i) unsent_bytes_ += entries_[i].size;
  }

  // Drops all of it.
  void abandon(Reason reason, Settlement& settlement) noexcept {
    partly_sent_ = unsent_bytes_ = 0;
    next_ = entries_.size();
    while (!empty()) settle_first(reason, settlement);
  }

  // Empties it without an account.
  void forget() noexcept {
    clear();
    partly_sent_ = unsent_bytes_ = events_ = 0;
  }

 private:
  struct Entry {
    std::size_t offset = 0, size = 0;  // of the frame
    std::uint64_t spans = 0;
    bool transaction = false;
    unsigned sendings = 0, breaks = 0;
  };

  template <class Encode, class Wait>
  Expected<void> add(const Entry& entry, Settlement& settlement, Encode& encode, Wait&& wait) {
    forget_settled();
    std::size_t at = next_place();
    std::size_t size = encode(payload_room(at));
    if (size > limits_.message) {
      return Error{ErrorCode::encode,
                   "a message of " + std::to_string(size) + " bytes, allowed are " + std::to_string(limits_.message)};
    }
    if (size > payload_room(at).size()) {
      while (!place_for(size + frame_header_size) && wait()) {
      }
      const auto place = make_room(size + frame_header_size, settlement);
      if (!place) return Error{ErrorCode::buffer_full, "no room for a message of " + std::to_string(size) + " bytes"};
      at = *place;
      size = encode(payload_room(at));
    }
    entries_.push_back(entry);
    entries_.back().offset = at;
    entries_.back().size = size + frame_header_size;
    write_frame_header(buffer_.get() + at, static_cast<std::uint32_t>(size));
    end_ = at + entries_.back().size;
    unsent_bytes_ += entries_.back().size;
    events_ += !entry.transaction;
    return {};
  }

  // Whether the newest messages stand before the oldest, at the front.
  bool has_wrapped() const noexcept { return !empty() && end_ <= entries_[first_].offset; }
  std::size_t free_at_front() const noexcept { return empty() || has_wrapped() ? 0 : entries_[first_].offset; }
  // Up to which byte `at` is free, which is the end or the front.
  std::size_t free_until(std::size_t at) const noexcept {
    return !empty() && at <= entries_[first_].offset ? entries_[first_].offset : limits_.bytes;
  }
  std::span<char> payload_room(std::size_t at) const noexcept {
    const std::size_t until = free_until(at), start = std::min(at + frame_header_size, until);
    return {buffer_.get() + start, until - start};
  }

  // Where the next message goes: to the front again as soon as there is as much room as what is held takes, so that few
  // messages on their way stay in the processor's cache.
  std::size_t next_place() const noexcept {
    const std::size_t front = free_at_front();
    return front >= at_once && front >= end_ - entries_[first_].offset ? 0 : end_;
  }

  // Where so many bytes fit.
  std::optional<std::size_t> place_for(std::size_t size) const noexcept {
    if (size <= free_until(end_) - end_) return end_;
    if (size <= free_at_front()) return 0;
    return std::nullopt;
  }

  // Only where there is none do the oldest go, an eighth of the buffer at once: to close the gap that they leave behind what is in
  // flight takes time.
  std::optional<std::size_t> make_room(std::size_t size, Settlement& settlement) {
    if (const auto place = place_for(size)) return place;
    const std::size_t from = first_evictable();
    std::size_t held = 0, in_flight = 0;
    for (std::size_t i = first_; i < entries_.size(); ++i) {
      held += entries_[i].size;
      if (i < from) in_flight += entries_[i].size;
    }
    if (in_flight + size > limits_.bytes) return std::nullopt;
    std::size_t free = limits_.bytes - held;
    const std::size_t wanted = free < size ? std::max(size, limits_.bytes / 8) : size;
    do {
      std::size_t to = from;
      for (; to < entries_.size() && free < wanted; ++to) free += entries_[to].size;
      evict(from, to, settlement);
      if (!place_for(size)) close_gaps();
      free = 0;
    } while (!place_for(size) && from < entries_.size());
    return place_for(size);
  }

  std::size_t first_evictable() const noexcept { return next_ + (partly_sent_ > 0); }

  void evict(std::size_t from, std::size_t to, Settlement& settlement) {
    for (std::size_t i = from; i < to; ++i) {
      unsent_bytes_ -= entries_[i].size;
      account(entries_[i], Reason::buffer_full, settlement);
    }
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(from), entries_.begin() + static_cast<std::ptrdiff_t>(to));
  }

  void evict_oldest_event() {
    Settlement none;
    for (std::size_t i = first_evictable(); i < entries_.size(); ++i) {
      if (!entries_[i].transaction) return evict(i, i + 1, none);
    }
  }

  // Moves each message up to the one before, the oldest to the front unless newer ones stand there.
  void close_gaps() noexcept {
    std::size_t at = has_wrapped() ? entries_[first_].offset : 0;
    for (std::size_t i = first_; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (at + entry.size > limits_.bytes) at = 0;
      if (entry.offset != at) std::memmove(buffer_.get() + at, buffer_.get() + entry.offset, entry.size);
      entry.offset = at;
      at += entry.size;
    }
    end_ = at;
  }

  void settle_first(std::optional<Reason> dropped, Settlement& settlement) noexcept {
    account(entries_[first_++], dropped, settlement);
    if (empty()) clear();
  }

  void clear() noexcept {
    entries_.clear();
    first_ = next_ = end_ = 0;
  }

  // Once they are more than those that follow.
  void forget_settled() noexcept {
    if (2 * first_ <= entries_.size()) return;
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    next_ -= first_;
    first_ = 0;
  }

  void account(const Entry& entry, std::optional<Reason> dropped, Settlement& settlement) noexcept {
    if (!entry.transaction) {
      --events_;
    } else if (dropped) {
      settlement.drop(*dropped, entry.spans);
    } else {
      settlement.deliver(entry.spans);
    }
  }

  Limits limits_;
  std::unique_ptr<char[]> buffer_;  // untouched pages cost no memory
  std::size_t end_ = 0;             // of the newest message
  std::vector<Entry> entries_;
  std::size_t first_ = 0, next_ = 0;  // entries: [first_, next_) in flight, then those to send
  std::size_t partly_sent_ = 0;       // bytes of entries_[next_]
  std::size_t unsent_bytes_ = 0;
  std::size_t events_ = 0;
};

}  // namespace scout::inline v0

#endif
