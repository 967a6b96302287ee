#ifndef SCOUT_INSTRUMENT_BACKTRACE_HPP
#define SCOUT_INSTRUMENT_BACKTRACE_HPP

// The stack of a span that turned out to be slow: raw return addresses, taken on its thread when it ends (the agent knows how,
// collect/stack_capture.hpp) and put into the ring like a tag. The collector makes files, lines and functions of them. No
// allocation, no lock; for 50 frames 0.1 µs where the program keeps frame pointers, else 5 to 10 µs.

#include "../buffer/registry.hpp"

namespace scout::inline v0::detail {

inline constexpr std::uint32_t stack_limit = 50;  // frames, as in Scout's Python agent

// Writes a stack as the tag `key`, a literal (none: "stack"); without room for it, it counts as a dropped tag. The caller is in
// a busy section.
inline void put_frames(ThreadBuffer& buffer, ContextWord context, const std::uint64_t* frames, std::uint32_t count,
                       const char* key = nullptr) noexcept {
  const auto bytes = static_cast<std::uint32_t>(count * sizeof *frames);
  const std::uint64_t size = sizeof(Record) + (bytes + sizeof(Record) - 1) / sizeof(Record) * sizeof(Record);
  if (!has_room(buffer, size)) return add(buffer.dropped_tags);
  const std::uint64_t head = load(buffer.head);
  *buffer.slot(head) = {record_word(RecordKind::stack, 0, bytes), record_word(RecordKind{}, key), 0, context.bits};
  for (std::uint32_t done = 0; done < bytes; done += sizeof(Record)) {
    const std::uint32_t left = bytes - done < sizeof(Record) ? bytes - done : std::uint32_t{sizeof(Record)};
    __builtin_memcpy(buffer.slot(head + sizeof(Record) + done), reinterpret_cast<const char*>(frames) + done, left);
  }
  advance(buffer, size);
}

// The calling thread's stack, innermost first and without the first `skipped` functions, this one being the first.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void put_stack(ThreadBuffer& buffer, ContextWord context,
                                                                              std::uint32_t skipped = 1) noexcept {
  if (buffer.registry == nullptr) return;  // wiped by a fork
  const AgentHooks* const hooks = __atomic_load_n(&buffer.registry->hooks, __ATOMIC_ACQUIRE);
  if (hooks == nullptr) return;
  std::uint64_t frames[stack_limit];
  put_frames(buffer, context.with_order(0), frames, hooks->capture(frames, stack_limit, skipped));
}

// Behind a call that may take a stack: a call that is its function's last would be a jump otherwise, with the function's frame
// gone before the stack is taken.
[[gnu::always_inline]] inline void stay_on_stack() noexcept { asm volatile(""); }

}  // namespace scout::inline v0::detail

#endif
