// Two processes, one trace: a shop asks a price service, both in Asio's coroutines, and each records its own part. W3C's header
// traceparent says which span of the shop asked; at the end the parts are put together and printed. Exits with 0 if every span
// of the service is below the span of the shop that asked for it.

#include <sys/wait.h>
#include <unistd.h>
#include <scout/agent.hpp>
#include <scout/integrations/asio.hpp>
#include <scout/sink/file_sink.hpp>
#include <scout/web/request.hpp>

#include <asio/experimental/awaitable_operators.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "waterfall.hpp"

namespace {

using asio::awaitable, asio::use_awaitable, asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;

std::string_view header_of(std::string_view head, std::string_view name) {
  const std::size_t start = head.find("\r\n" + std::string(name) + ": ");
  if (start == std::string_view::npos) return {};
  head.remove_prefix(start + name.size() + 4);
  return head.substr(0, head.find("\r\n"));
}

awaitable<void> look_up() {
  scout::AsyncSpan span{"Query", "SQL"};
  asio::steady_timer database(co_await asio::this_coro::executor, std::chrono::milliseconds(3));
  co_await database.async_wait(use_awaitable);
}

// GET /price/<item>: one request a connection.
awaitable<void> answer(tcp::socket socket) {
  std::string head;
  co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", use_awaitable);
  scout::AsyncWebTransaction transaction{"price/show"};
  const std::string_view line = std::string_view(head).substr(0, head.find("\r\n"));
  scout::web::tag_request(scout::web::request_of(line.substr(4, line.rfind(' ') - 4), "127.0.0.1",
                                                 [&](const char* name) { return header_of(head, name); }));
  co_await scout::traced("load", look_up());
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n100";
  co_await scout::traced("answer", asio::async_write(socket, asio::buffer(text), use_awaitable));
}

awaitable<void> serve(tcp::acceptor& acceptor, int requests) {
  const auto executor = co_await asio::this_coro::executor;
  for (; requests > 0; --requests)
    asio::co_spawn(executor, answer(co_await acceptor.async_accept(use_awaitable)), asio::detached);
}

awaitable<void> ask(unsigned short port, std::string item) {
  scout::AsyncSpan span{"GET", "HTTP"};
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, use_awaitable);
  const std::string request = "GET /price/" + item +
                              " HTTP/1.1\r\ntraceparent: " + std::string(scout::web::OutgoingTrace::current().traceparent()) +
                              "\r\n\r\n";
  co_await asio::async_write(socket, asio::buffer(request), use_awaitable);
  std::string reply;
  asio::error_code closed;
  co_await asio::async_read(socket, asio::dynamic_buffer(reply), asio::redirect_error(use_awaitable, closed));
}

awaitable<void> shop(unsigned short port) {
  scout::AsyncWebTransaction transaction{"shop"};
  co_await (scout::traced("left", ask(port, "1")) && scout::traced("right", ask(port, "2")));
  co_await scout::traced("last", ask(port, "3"));
}

constexpr int requests = 3;

int record(const char* name, const std::string& file, asio::io_context& io) {
  scout::FileSink sink(file);
  if (!scout::install({.key = "an example", .name = name, .monitor = true}, sink)) return 1;
  io.run();
  scout::shutdown();
  return 0;
}

}  // namespace

int main() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("asio_http." + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  const std::string shop_file = folder / "shop.jsonl", prices_file = folder / "prices.jsonl";
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  const unsigned short port = acceptor.local_endpoint().port();

  io.notify_fork(asio::io_context::fork_prepare);
  const pid_t service = fork();
  if (service == 0) {
    io.notify_fork(asio::io_context::fork_child);
    asio::co_spawn(scout::traced_executor(io), serve(acceptor, requests), asio::detached);
    _exit(record("prices", prices_file, io));
  }
  io.notify_fork(asio::io_context::fork_parent);
  acceptor.close();
  asio::co_spawn(scout::traced_executor(io), shop(port), asio::detached);
  int failed = record("shop", shop_file, io), status = 1;
  if (waitpid(service, &status, 0) != service || status != 0) failed = 1;

  Waterfall waterfall;
  waterfall.add(shop_file);
  waterfall.add(prices_file);
  std::filesystem::remove_all(folder);
  std::fputs(waterfall.text().c_str(), stdout);
  const std::string price = "      Controller/price/show\n        Custom/load\n          SQL/Query\n        Custom/answer\n";
  const std::string asked = "    HTTP/GET\n" + price;
  const std::string expected =
      "Controller/shop\n  Custom/left\n" + asked + "  Custom/right\n" + asked + "  Custom/last\n" + asked;
  return failed != 0 || waterfall.tree() != expected ? 1 : 0;
}
