// One request whose work is done by many: threads, tasks, a queue of callbacks. Each piece shows up below whoever asked for it.
// Prints the trace.

#include <scout/agent.hpp>
#include <scout/sink/file_sink.hpp>

#include <cstdio>
#include <deque>
#include <functional>
#include <future>
#include <thread>

namespace {

int price(int item) {
  SCOUT_INSTRUMENT("price");
  SCOUT_TAG("item", item);
  return item * 100;
}

// bind() takes the current span along to wherever the callable is called.
int total(int first, int second) {
  SCOUT_INSTRUMENT("total");
  std::future<int> other = std::async(std::launch::async, scout::bind(price), second);
  int result = 0;
  std::jthread(scout::bind([&] { result = price(first); })).join();
  return result + other.get();
}

// An event loop of one's own: what is queued runs later, when other things are current.
class Loop {
 public:
  void post(std::function<void()> callback) { callbacks_.push_back(scout::bind(std::move(callback))); }
  void run() {
    for (; !callbacks_.empty(); callbacks_.pop_front()) callbacks_.front()();
  }

 private:
  std::deque<std::function<void()>> callbacks_;
};

// A Span is a value: it starts here and ends in a callback, on whatever thread that runs.
void send_mail(Loop& loop) {
  auto mail = std::make_shared<scout::Span>("mail", "SMTP");
  loop.post([mail] {
    scout::Span body = mail->child("body");  // needs no current span
    body.end();
    mail->end();
  });
}

}  // namespace

int main() {
  static scout::FileSink sink("/dev/stdout");
  if (!scout::install({.name = "threads", .monitor = true}, sink)) return 1;
  Loop loop;
  {
    SCOUT_WEB_TRANSACTION("checkout");
    if (total(1, 2) != 300) return 1;
    send_mail(loop);
    std::jthread(scout::bind([&loop] { loop.run(); })).join();
  }
  scout::shutdown();
  return 0;
}
