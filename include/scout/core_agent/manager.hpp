#ifndef SCOUT_CORE_AGENT_MANAGER_HPP
#define SCOUT_CORE_AGENT_MANAGER_HPP

// Opt-in, for one translation unit of what calls install(): the core agent is looked after. install() still returns at once; a
// thread of ours finds a core agent that runs, or a verified binary, or downloads that, launches it, and launches it again when
// it dies (manager/manager_thread.hpp). Needs libcurl, libarchive and OpenSSL's libcrypto. Without this header install() connects
// to a core agent that runs, and says at level info why it launches none.

#if !defined(SCOUT_DISABLE)

#  include "../agent/lifecycle.hpp"
#  include "manager/manager_thread.hpp"

namespace scout::inline v0::detail {

inline bool start_manager(const FinalConfig& config) {
  pin_object();  // its code is the thread's
  auto* const thread = new ManagerThread(config);
  current_manager.thread = thread;
  current_manager.process = ::getpid();
  if (thread->start()) return true;
  current_manager.thread = nullptr;
  delete thread;
  return false;
}

inline void stop_manager() {
  constexpr std::chrono::milliseconds patience{250};
  ManagerThread* const thread = current_manager.thread.exchange(nullptr);
  if (thread == nullptr) return;
  if (thread->stop(patience)) {
    delete thread;
  } else {
    current_manager.thread = thread;  // exit() waits for it once more
  }
}

// Before all initialisers of the program's: one of them may call install().
[[gnu::constructor(101), maybe_unused]] static void offer_manager() { launcher_of_this_object = {start_manager, stop_manager}; }

}  // namespace scout::inline v0::detail

#endif

#endif
