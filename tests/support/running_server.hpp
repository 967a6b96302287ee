#ifndef SCOUT_TESTS_SUPPORT_RUNNING_SERVER_HPP
#define SCOUT_TESTS_SUPPORT_RUNNING_SERVER_HPP

// A web server in this process, on a free port of the loopback interface, until it is destroyed.

#include <httplib.h>

#include <string>
#include <thread>

struct RunningServer {
  template <class Register>
  explicit RunningServer(Register&& register_routes) {
    register_routes(server);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread{[this] { server.listen_after_bind(); }};
    while (!server.is_running()) std::this_thread::yield();
  }
  ~RunningServer() {
    server.stop();
    thread.join();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port) + '/'; }
  int get(const std::string& target, const httplib::Headers& headers = {}) {
    const auto result = httplib::Client{"127.0.0.1", port}.Get(target, headers);
    return result ? result->status : 0;
  }

  httplib::Server server;
  int port = 0;
  std::thread thread;
};

#endif
