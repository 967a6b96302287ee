// More spans than the ring holds, while no collector can come: the oldest are kept, the rest is refused at its start,
// counted, and named on the trace. 4 KiB of ring are 128 records.

#include <pthread.h>
#include <scout/scout.hpp>

#include "account.hpp"

int main() {
  if (!scout::install({.ring_size = 4096})) return 1;
  {
    // In a sleepless loop the collector may come in between, so only the account is exact, not the number refused.
    scout::WebTransaction transaction{scout::Operation{"Controller/burst"}};
    for (int i = 0; i < 1400; ++i) SCOUT_INSTRUMENT("span");
  }
  {
    scout::WebTransaction transaction{scout::Operation{"Controller/deep"}};
    scout::ScopedSpan* open[400];
    for (auto*& span : open) span = new scout::ScopedSpan{scout::Operation{"Custom/open"}};  // places, not records
    for (int i = 399; i >= 0; --i) delete open[i];
  }
  if (!scout::flush(std::chrono::seconds(50))) return 2;
  print_account();
  const scout::Stats stats = scout::stats();
  if (stats.spans.dropped[scout::Reason::ring_full] < 400 - 128) return 3;
  if (stats.spans.started != 1800) return 4;
}
