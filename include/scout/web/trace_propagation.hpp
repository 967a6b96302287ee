#ifndef SCOUT_WEB_TRACE_PROPAGATION_HPP
#define SCOUT_WEB_TRACE_PROPAGATION_HPP

// One trace over several processes: a request's traceparent and tracestate are kept with its transaction, and the requests
// that it sends carry them on. Whoever receives them finds the span that asked by the last 16 digits of its id.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../instrument/trace_context.hpp"
#include "../instrument/transaction.hpp"
#include "trace_parent.hpp"

namespace scout::inline v0::detail {

inline constexpr std::size_t trace_state_words = web::longest_trace_state / sizeof(std::uint64_t);

// Where the slots' tracestates are: mapped when the first one comes. nullptr: no memory.
inline std::uint64_t* trace_states(Registry& registry, bool wanted) noexcept {
  std::uint64_t* states = __atomic_load_n(&registry.trace_states, __ATOMIC_ACQUIRE);
  if (states != nullptr || !wanted) return states;
  constexpr std::size_t size = slot_count * web::longest_trace_state;
  auto* const mine = static_cast<std::uint64_t*>(map_pages(size, false));
  if (mine == nullptr) return nullptr;
  if (__atomic_compare_exchange_n(&registry.trace_states, &states, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return mine;
  munmap(mine, size);
  return states;
}

// The transaction that a slot's trace is kept for. The slot's generation would not do: it comes back after half a million
// transactions, and with it the trace of another request. 0: none is kept.
inline std::uint32_t trace_owner(const TransactionSlot& slot) noexcept { return static_cast<std::uint32_t>(load(slot.incarnation)); }

inline void keep_trace(Registry& registry, TransactionSlot& slot, const web::TraceParent& parent,
                       std::string_view state) noexcept {
  std::uint64_t* const states = trace_states(registry, !state.empty());
  if (states == nullptr) state = {};
  store(slot.traced_incarnation, 0u);  // who looks now sees none
  store(slot.trace_high, parent.trace_high);
  store(slot.trace_low, parent.trace_low);
  store(slot.trace_flags, static_cast<std::uint32_t>(parent.random));
  store(slot.trace_state_size, static_cast<std::uint32_t>(state.size()));
  std::uint64_t* words = states == nullptr ? nullptr : states + registry.transactions.index(slot) * trace_state_words;
  while (!state.empty()) {
    const std::size_t size = state.size() < sizeof(std::uint64_t) ? state.size() : sizeof(std::uint64_t);
    std::uint64_t word = 0;
    __builtin_memcpy(&word, state.data(), size);
    store(*words++, word);
    state.remove_prefix(size);
  }
  __atomic_store_n(&slot.traced_incarnation, trace_owner(slot), __ATOMIC_RELEASE);  // pairs with find_trace()
}

// False: the transaction began here.
inline bool find_trace(Registry& registry, const TransactionSlot& slot, web::TraceParent& parent, char* state,
                       std::size_t& state_size) noexcept {
  const std::uint32_t owner = __atomic_load_n(&slot.traced_incarnation, __ATOMIC_ACQUIRE);
  if (owner == 0 || owner != trace_owner(slot)) return false;
  parent.trace_high = load(slot.trace_high);
  parent.trace_low = load(slot.trace_low);
  parent.random = load(slot.trace_flags) != 0;
  state_size = load(slot.trace_state_size);
  const std::uint64_t* const states = trace_states(registry, false);
  for (std::size_t i = 0; i < state_size; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = load(states[registry.transactions.index(slot) * trace_state_words + i / sizeof(std::uint64_t)]);
    __builtin_memcpy(state + i, &word, state_size - i < sizeof word ? state_size - i : sizeof word);
  }
  return __atomic_load_n(&slot.traced_incarnation, __ATOMIC_ACQUIRE) == owner;
}

}  // namespace scout::inline v0::detail

namespace scout::inline v0::web {

// What a request says that is sent from here.
class OutgoingTrace {
 public:
  // Of the current span. Without a transaction there is nothing to say.
  static OutgoingTrace current() noexcept {
    OutgoingTrace trace;
    const auto [buffer, context] = scout::detail::current_place();
    if (!context.in_transaction()) return trace;
    scout::detail::Registry& registry = *buffer->registry;
    const scout::detail::TransactionSlot* const slot = registry.transactions.find(context);
    if (slot == nullptr) return trace;
    const std::uint64_t number = registry.transactions.number(*slot);
    TraceParent parent;
    if (!scout::detail::find_trace(registry, *slot, parent, trace.state_, trace.state_size_)) {
      const RequestId own = registry.seed.request(number);
      parent = {.trace_high = own.high, .trace_low = own.low, .random = true};
      trace.state_size_ = 0;
    }
    parent.parent = registry.seed.span(number, context.nearest()).low;
    parent.sampled = true;
    trace.parent_ = parent.text();
    trace.known_ = true;
    return trace;
  }

  // Whether there is a trace to pass on.
  explicit operator bool() const noexcept { return known_; }
  // Values of the headers; empty: send none.
  std::string_view traceparent() const noexcept { return known_ ? std::string_view(parent_) : std::string_view(); }
  std::string_view tracestate() const noexcept { return {state_, state_size_}; }

 private:
  TraceParent::Text parent_ = {};
  char state_[longest_trace_state];
  std::size_t state_size_ = 0;
  bool known_ = false;
};

// Keeps what a request says with the current transaction, and shows it as its context "traceparent" and "tracestate". Call it
// right after the transaction's start. Invalid headers are as none. False: nothing kept.
inline bool continue_trace(std::string_view traceparent, std::string_view tracestate) noexcept {
  if (traceparent.empty()) return false;
  const auto parent = parse_trace_parent(traceparent);
  const auto [buffer, context] = scout::detail::current_place();
  if (!parent || !context.in_transaction()) return false;
  scout::detail::TransactionSlot* const slot = buffer->registry->transactions.find(context);
  if (slot == nullptr) return false;
  const auto state = parse_trace_state(tracestate);
  const std::string_view members = state ? state->text() : std::string_view();
  scout::detail::keep_trace(*buffer->registry, *slot, *parent, members);
  const TraceParent::Text text = parent->text();
  scout::detail::tag_request("traceparent", std::string_view(text));
  if (!members.empty()) scout::detail::tag_request("tracestate", members);
  return true;
}

}  // namespace scout::inline v0::web

#endif
