#ifndef SCOUT_BENCHMARKS_PEERS_HPP
#define SCOUT_BENCHMARKS_PEERS_HPP

// A block of spans with each of the other tracers and loggers that Debian has, as their manuals say one uses them.

// Two events, begin and end, the first with the span's name. Recorded while a session is active.
double lttng_block(int calls);
// One line a scope, with its duration, written by the logger's thread.
double spdlog_block(int calls);
// A child span of one parent.
double dd_opentracing_block(int calls);
// What has been traced is thrown away, as if it had been sent.
void clear_dd_opentracing();

#endif
