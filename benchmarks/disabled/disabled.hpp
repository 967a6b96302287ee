#ifndef SCOUT_BENCHMARKS_DISABLED_HPP
#define SCOUT_BENCHMARKS_DISABLED_HPP

double compiled_out_block(int calls);

#endif
