#ifndef SCOUT_COLLECT_THREAD_START_HPP
#define SCOUT_COLLECT_THREAD_START_HPP

// A thread of scout's own, and a while without signals on one of the application's.

#include <pthread.h>
#include <signal.h>

namespace scout::inline v0::detail {

// The calling thread takes no signals meanwhile.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

// Runs `entry(argument)` on a thread that takes none of the application's signals. 0, or what pthread_create() says.
inline int start_thread(pthread_t& thread, void* (*entry)(void*), void* argument) noexcept {
  const BlockedSignals blocked;  // inherited by the thread
  return pthread_create(&thread, nullptr, entry, argument);
}

}  // namespace scout::inline v0::detail

#endif
