#ifndef SCOUT_TESTS_CONFORMANCE_ASYNC_STEPS_HPP
#define SCOUT_TESTS_CONFORMANCE_ASYNC_STEPS_HPP

// async{body} and what is in it: async.web, async.job, async.span, async.sleep{ms}, async.gather{bodies}. A body is a coroutine
// on a loop of its thread; any other step may stand in it, also around asynchronous ones.

#include "steps.hpp"

namespace conformance {

// Performs one asynchronous step to its end, from the context that is current.
void perform_async(element step, const Run& run);

}  // namespace conformance

#endif
