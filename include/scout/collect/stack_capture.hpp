#ifndef SCOUT_COLLECT_STACK_CAPTURE_HPP
#define SCOUT_COLLECT_STACK_CAPTURE_HPP

// The stack of the calling thread as addresses; spans reach it through the registry. The unwinder knows every stack, at 0.1 to
// 0.2 µs a frame. Frame pointers are ten times as fast but hold anything where a function was built without them, and whole
// libraries are. So a frame pointer is followed only out of places in the code where the unwinder has found one before: what
// a function keeps in the register at a call does not change; and never beyond what the unwinder has seen of the thread's stack,
// should other code have come to such a place since. No allocation, no lock, no system call.

#include <unwind.h>

#include <cstdint>

namespace scout::inline v0::detail {

// The places, as return addresses; and where a thread begins: no frame pointer there, and at most two frames above it, which
// are always the same. Shared by all threads; what two of them write at once is true, or is found out again.
struct KnownReturns {
  struct Outermost {
    std::uint64_t address, above[2];
  };
  std::uint64_t with_frame_pointer[1024];
  Outermost outermost[8];

  std::uint64_t& place(std::uint64_t address) noexcept { return with_frame_pointer[(address ^ address >> 10) % 1024]; }
  bool has_frame_pointer(std::uint64_t address) noexcept {
    return __atomic_load_n(&place(address), __ATOMIC_RELAXED) == address;
  }
  void note_frame_pointer(std::uint64_t address) noexcept { __atomic_store_n(&place(address), address, __ATOMIC_RELAXED); }

  const Outermost* find_outermost(std::uint64_t address) const noexcept {
    for (const Outermost& known : outermost) {
      if (__atomic_load_n(&known.address, __ATOMIC_ACQUIRE) == address) return &known;
    }
    return nullptr;
  }
  void note_outermost(const Outermost& found) noexcept {
    constexpr std::uint64_t reserved = 1;
    if (find_outermost(found.address) != nullptr) return;
    for (Outermost& place : outermost) {
      std::uint64_t expected = 0;
      if (!__atomic_compare_exchange_n(&place.address, &expected, reserved, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
      place.above[0] = found.above[0];
      place.above[1] = found.above[1];
      __atomic_store_n(&place.address, found.address, __ATOMIC_RELEASE);  // pairs with find_outermost()
      return;
    }
  }
};
[[gnu::visibility("hidden")]] inline constinit KnownReturns known_returns{};
[[gnu::visibility("hidden")]] inline constinit thread_local std::uintptr_t known_stack_end = 0;

// Addresses in calls, innermost first, without the first `skipped` functions.
struct CapturedStack {
  std::uint64_t* frames;
  std::uint32_t room, skipped, count = 0;

  // False: there is no room for more.
  bool add(std::uint64_t address) noexcept {
    if (skipped != 0) {
      --skipped;
    } else {
      frames[count++] = address;
    }
    return count != room;
  }
};

// From the frame of a function that is not in the stack. False: it led to a place that is not known, or out of the stack.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread]] inline bool follow_frame_pointers(const std::uint64_t* frame,
                                                                                        CapturedStack& stack) noexcept {
  const std::uintptr_t last = known_stack_end - 2 * sizeof *frame;
  while (true) {
    const std::uint64_t address = frame[1];
    if (!stack.add(address - 1)) return true;
    if (!known_returns.has_frame_pointer(address)) {
      const KnownReturns::Outermost* const outermost = known_returns.find_outermost(address);
      if (outermost == nullptr) return false;
      for (const std::uint64_t above : outermost->above) {
        if (above == 0 || !stack.add(above - 1)) break;
      }
      return true;
    }
    const auto above = static_cast<std::uintptr_t>(frame[0]), here = reinterpret_cast<std::uintptr_t>(frame);
    if (above <= here || above > last || above % sizeof *frame != 0) return false;
    frame = reinterpret_cast<const std::uint64_t*>(above);
  }
}

// Notes what the unwinder comes past.
class UnwindingWalk {
 public:
  explicit UnwindingWalk(CapturedStack& stack) noexcept : stack_(stack) {}

  static _Unwind_Reason_Code step(_Unwind_Context* context, void* self) noexcept {
    return static_cast<UnwindingWalk*>(self)->step(context) ? _URC_NO_REASON : _URC_END_OF_STACK;
  }
  void finish() noexcept {
    if (stack_end_ > known_stack_end) known_stack_end = stack_end_;
    if (below_ != 0) add_last(below_);
    if (is_whole_ && last_count_ <= 3) known_returns.note_outermost({last_[0], {last_[1], last_[2]}});
  }

 private:
  static constexpr int frame_pointer = 6;  // of x86-64, as DWARF counts registers

  bool step(_Unwind_Context* context) noexcept {
    int interrupted = 0;
    const std::uint64_t address = _Unwind_GetIPInfo(context, &interrupted);
    if (address == 0) return false;
    stack_end_ = _Unwind_GetCFA(context);
    note(context, address, interrupted != 0);
    if (is_first_) {  // the function that walks
      is_first_ = false;
      return true;
    }
    is_whole_ = stack_.add(interrupted != 0 ? address : address - 1);
    return is_whole_;
  }

  // Where this frame begins the one before ends: its frame pointer, if it has one, points right below.
  void note([[maybe_unused]] _Unwind_Context* context, [[maybe_unused]] std::uint64_t address,
            [[maybe_unused]] bool interrupted) noexcept {
#if defined(__x86_64__)
    if (below_ != 0) {
      const bool has_frame_pointer = !interrupted && pointer_below_ + 2 * sizeof(std::uint64_t) == _Unwind_GetCFA(context);
      if (has_frame_pointer) known_returns.note_frame_pointer(below_);
      if (!has_frame_pointer || last_count_ != 0) add_last(below_);
    }
    below_ = is_first_ ? 0 : address;
    pointer_below_ = _Unwind_GetGR(context, frame_pointer);
#endif
  }

  void add_last(std::uint64_t address) noexcept {
    if (last_count_ < 3) last_[last_count_] = address;
    ++last_count_;
  }

  CapturedStack& stack_;
  std::uintptr_t stack_end_ = 0;
  bool is_first_ = true, is_whole_ = true;
  std::uint64_t below_ = 0, pointer_below_ = 0;
  std::uint64_t last_[3] = {};  // the first place without a frame pointer, and what is above it
  std::uint32_t last_count_ = 0;
};

// Writes up to `room` addresses, innermost first and without the first `skipped` functions, the caller being the first.
// Returns how many. Any thread.
[[gnu::cold, gnu::noinline]] inline std::uint32_t capture_stack(std::uint64_t* frames, std::uint32_t room,
                                                                std::uint32_t skipped) noexcept {
#if defined(__x86_64__)
  CapturedStack quick{frames, room, skipped};
  if (known_stack_end != 0 && follow_frame_pointers(static_cast<const std::uint64_t*>(__builtin_frame_address(0)), quick)) return quick.count;
#endif
  CapturedStack stack{frames, room, skipped};
  UnwindingWalk walk(stack);
  _Unwind_Backtrace(UnwindingWalk::step, &walk);
  walk.finish();
  return stack.count;
}

}  // namespace scout::inline v0::detail

#endif
