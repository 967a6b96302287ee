#ifndef SCOUT_BENCHMARKS_OBJECT_HPP
#define SCOUT_BENCHMARKS_OBJECT_HPP

// Spans of a shared object, whose thread-local is reached through a call.

void spans_in_object(int count);

#endif
