#ifndef SCOUT_COLLECT_THREAD_START_HPP
#define SCOUT_COLLECT_THREAD_START_HPP

// A thread of scout's own.

#include <pthread.h>
#include <signal.h>

namespace scout::inline v0::detail {

// Runs `entry(argument)` on a thread that takes none of the application's signals. 0, or what pthread_create() says.
inline int start_thread(pthread_t& thread, void* (*entry)(void*), void* argument) noexcept {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the thread
  const int error = pthread_create(&thread, nullptr, entry, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return error;
}

}  // namespace scout::inline v0::detail

#endif
