// A span starts on one thread, is tagged and given a child on a second, and ends on a third.

#include <scout/scout.hpp>

#include <thread>
#include <utility>

#include "account.hpp"

int main() {
  if (!scout::install()) return 1;
  {
    scout::WebTransaction transaction{"page"};
    scout::Span span{"travels"};
    scout::ScopedSpan sibling{"sibling"};
    std::thread([&span] {
      span.tag("thread", 2);
      scout::Span child = span.child("child");
      std::thread([moved = std::move(span), child_moved = std::move(child)]() mutable {
        child_moved.end();
        moved.end();
      }).join();
    }).join();
  }
  if (!scout::flush(std::chrono::seconds(50))) return 2;
  print_account();
}
