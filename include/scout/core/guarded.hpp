#ifndef SCOUT_CORE_GUARDED_HPP
#define SCOUT_CORE_GUARDED_HPP

// Where work may find no memory: the thread goes on, and what the work was about is counted by the caller.

#include <new>

namespace scout::inline v0::detail {

// False: there was no memory for it. Without exceptions the C++ library ends the process instead. By reference: of a copy, words
// just written would be read in wider pieces, for which a processor waits until all stores before are done.
template <class Work>
bool guarded(const Work& work) {
#if __cpp_exceptions
  try {
    work();
  } catch (const std::bad_alloc&) {
    return false;
  }
#else
  work();
#endif
  return true;
}

}  // namespace scout::inline v0::detail

#endif
