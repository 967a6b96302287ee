#include <doctest/doctest.h>

#include <scout/core_agent/framing.hpp>
#include <server.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace scout::local_agent;
using namespace std::chrono_literals;

namespace {

// A client's end of a connection; reads give up after some seconds.
class Client {
 public:
  explicit Client(const std::string& address) {
    const bool tcp = address.starts_with("tcp://");
    socket_ = Descriptor{::socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0)};
    const timeval patience{10, 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in internet{};
    internet.sin_family = AF_INET;
    internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    if (tcp) {
      internet.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
      connected_ = ::connect(socket_.number(), reinterpret_cast<sockaddr*>(&internet), sizeof(internet)) == 0;
    } else {
      address.copy(local.sun_path, sizeof(local.sun_path) - 1);
      connected_ = ::connect(socket_.number(), reinterpret_cast<sockaddr*>(&local), sizeof(local)) == 0;
    }
  }

  bool connected() const { return connected_; }
  void write(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::send(socket_.number(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }
  // Empty: the server closed the connection.
  std::string read_answer() {
    std::string header = read(scout::frame_header_size);
    return header.empty() ? "" : read(scout::read_frame_header(header.data()));
  }
  std::string ask(const std::string& message) {
    write(frame(message));
    return read_answer();
  }

  // Says that nothing more comes, and waits until the server has seen it.
  void finish() {
    ::shutdown(socket_.number(), SHUT_WR);
    read(1);
  }

  static std::string frame(const std::string& message) {
    char header[scout::frame_header_size];
    scout::write_frame_header(header, static_cast<std::uint32_t>(message.size()));
    return std::string(header, sizeof(header)) + message;
  }

 private:
  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t got = 0; got < size;) {
      const ssize_t n = ::recv(socket_.number(), bytes.data() + got, size - got, 0);
      if (n <= 0) return "";
      got += static_cast<std::size_t>(n);
    }
    return bytes;
  }

  Descriptor socket_;
  bool connected_ = false;
};

struct Directory {
  Directory() { REQUIRE(::mkdtemp(name) != nullptr); }
  ~Directory() { std::filesystem::remove_all(name); }
  std::string file(const char* file_name) const { return std::string{name} + "/" + file_name; }
  char name[40] = "/tmp/scout-local-agent-XXXXXX";
};

class RunningServer {
 public:
  explicit RunningServer(const std::string& address = "tcp://127.0.0.1:0", ServerLimits limits = {}, Recording recording = {})
      : desk(std::move(recording)),
        server_(open(address), desk, limits),
        address_(server_.address()),
        thread_([this] { server_.run(stop_.number()); }) {}
  ~RunningServer() { stop(); }

  // Afterwards `desk` may be looked at.
  void stop() {
    if (!thread_.joinable()) return;
    REQUIRE(::eventfd_write(stop_.number(), 1) == 0);
    thread_.join();
  }
  void wait() { thread_.join(); }
  const std::string& address() const { return address_; }

  Desk desk;

 private:
  static Listener open(const std::string& address) {
    auto listener = Listener::open(address);
    REQUIRE(listener);
    return std::move(*listener);
  }

  Descriptor stop_{::eventfd(0, EFD_CLOEXEC)};
  Server server_;
  std::string address_;
  std::thread thread_;
};

const std::string register_message = R"({"Register":{"app":"a","key":"","api_version":"1.0"}})";
const std::string registered = R"({"Register":{"id":null,"result":"Success"}})";

std::string transaction(const std::string& id) {
  return R"({"BatchCommand":{"commands":[{"StartRequest":{"request_id":")" + id + R"("}},{"FinishRequest":{"request_id":")" + id +
         R"("}}]}})";
}

}  // namespace

TEST_SUITE_BEGIN("local_agent/server");

TEST_CASE("every command has its answer") {
  RunningServer server;
  Client client{server.address()};
  CHECK(client.ask(R"({"CoreAgentVersion":{}})") == R"({"CoreAgentVersion":{"version":"1.5.1","result":"Success"}})");
  CHECK(client.ask(register_message) == registered);
  CHECK(client.ask(transaction("r")) == R"({"BatchCommand":{"id":null,"result":"Success"}})");
  server.stop();
  CHECK(server.desk.store().find("r") != nullptr);
  CHECK(server.desk.account().refused == 0);
}

TEST_CASE("a message that breaks a rule is refused with its reason, and the connection goes on") {
  RunningServer server;
  Client client{server.address()};
  CHECK(client.ask(transaction("r")) == R"({"Failure":{"message":"BatchCommand: sent before Register"}})");
  CHECK(client.ask("{nan").starts_with(R"({"Failure":{"message":"not JSON: )"));
  CHECK(client.ask(R"({"Register":{"app":1,"key":"","api_version":"1.0"}})") ==
        R"({"Failure":{"message":"Register: bad app 1"}})");
  CHECK(client.ask(R"({"Register":{"app":"\udc00","key":"","api_version":"1.0"}})")
            .starts_with(R"({"Failure":{"message":"not JSON: )"));
  CHECK(client.ask(register_message) == registered);
  CHECK(client.ask(R"({"a\"\n":{}})") == R"({"Failure":{"message":"unknown command a\"\n"}})");
  server.stop();
  CHECK(server.desk.account().refused == 5);
  CHECK(server.desk.store().latest().empty());
}

TEST_CASE("each connection registers for itself") {
  RunningServer server;
  Client first{server.address()}, second{server.address()};
  CHECK(first.ask(register_message) == registered);
  CHECK(second.ask(transaction("r")).starts_with(R"({"Failure")"));
}

TEST_CASE("frames may arrive in pieces and several at once, and are answered in order") {
  RunningServer server;
  Client client{server.address()};
  for (const char c : Client::frame(register_message)) client.write(std::string(1, c));
  CHECK(client.read_answer() == registered);
  client.write(Client::frame(R"({"CoreAgentVersion":{}})") + Client::frame(register_message));
  CHECK(client.read_answer().starts_with(R"({"CoreAgentVersion")"));
  CHECK(client.read_answer() == registered);
}

TEST_CASE("a broken frame is answered with a failure and ends its connection and no other") {
  RunningServer server{"tcp://127.0.0.1:0", {.frame = 1000}};
  Client empty{server.address()}, large{server.address()}, good{server.address()};
  empty.write(std::string(4, '\0'));
  CHECK(empty.read_answer() == R"({"Failure":{"message":"a frame of 0 bytes, allowed are 1 to 1000"}})");
  CHECK(empty.read_answer() == "");
  large.write(Client::frame(std::string(1'000'000, ' ')));  // all of it: the answer comes nevertheless
  CHECK(large.read_answer() == R"({"Failure":{"message":"a frame of 1000000 bytes, allowed are 1 to 1000"}})");
  CHECK(large.read_answer() == "");
  CHECK(good.ask(register_message) == registered);
  server.stop();
  CHECK(server.desk.account().bad_frames == 2);
}

TEST_CASE("all connections together may not hold too many bytes") {
  RunningServer server{"tcp://127.0.0.1:0", {.frame = 1'000'000, .waiting_bytes = 100'000}};
  Client hoarder{server.address()}, good{server.address()};
  hoarder.write(Client::frame(std::string(900'000, ' ')));
  CHECK(hoarder.read_answer() == R"({"Failure":{"message":"too many bytes are waiting in all connections"}})");
  CHECK(good.ask(register_message) == registered);
}

TEST_CASE("who owes a first word, the rest of a frame, or the reading of answers for too long is dropped") {
  RunningServer server{"tcp://127.0.0.1:0", {.unread_answers = 1000, .patience = 100ms}};
  Client silent{server.address()}, half{server.address()}, greedy{server.address()};
  half.write(Client::frame(register_message).substr(0, 20));
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += Client::frame(register_message);
  for (int i = 0; i < 10; ++i) greedy.write(many);  // until it is reset: it never reads
  CHECK(silent.read_answer() == "");
  CHECK(half.read_answer() == "");
  server.stop();
  CHECK(server.desk.account().timed_out == 3);
}

TEST_CASE("who owes nothing may be quiet for as long as it likes") {
  RunningServer server{"tcp://127.0.0.1:0", {.patience = 50ms}};
  Client quiet{server.address()}, silent{server.address()};
  CHECK(quiet.ask(register_message) == registered);
  for (int i = 0; i < 3; ++i) CHECK(Client{server.address()}.read_answer() == "");  // each is silent until it is dropped
  CHECK(quiet.ask(register_message) == registered);
}

TEST_CASE("what clients had sent when it is told to stop still counts") {
  constexpr int count = 200;
  RunningServer server;
  Client client{server.address()};
  client.ask(register_message);
  std::string all;
  for (int i = 0; i < count; ++i) all += Client::frame(transaction(std::to_string(i)));
  client.write(all);
  server.stop();
  CHECK(server.desk.store().received() == count);
}

TEST_CASE("more clients than allowed wait until one has gone") {
  RunningServer server{"tcp://127.0.0.1:0", {.connections = 1}};
  auto first = std::make_unique<Client>(server.address());
  CHECK(first->ask(register_message) == registered);
  Client second{server.address()};
  second.write(Client::frame(register_message));
  first.reset();
  CHECK(second.read_answer() == registered);
}

TEST_CASE("a client that reads no answers is not read from, and loses none") {
  RunningServer server{"tcp://127.0.0.1:0", {.unread_answers = 100}};
  Client client{server.address()};
  constexpr int count = 2000;
  std::thread writer{[&] {
    for (int i = 0; i < count; ++i) client.write(Client::frame(register_message));
  }};
  int answers = 0;
  while (answers < count && client.read_answer() == registered) ++answers;
  writer.join();
  CHECK(answers == count);
}

TEST_CASE("connections that say nothing are nothing special") {
  RunningServer server;
  { Client probe{server.address()}; }
  CHECK(Client{server.address()}.ask(register_message) == registered);
}

TEST_CASE("CoreAgentShutdown is answered and ends the server") {
  RunningServer server;
  Client client{server.address()};
  CHECK(client.ask(R"({"CoreAgentShutdown":{}})") == R"({"CoreAgentShutdown":{"id":null,"result":"Success"}})");
  server.wait();
}

TEST_CASE("an address that is taken is refused by name") {
  RunningServer server;
  const auto again = Listener::open(server.address());
  REQUIRE(!again);
  CHECK(again.error().code == scout::ErrorCode::refused);
  CHECK(again.error().message == server.address() + " is taken: a core agent, version 1.5.1, listens there");
}

TEST_CASE("an address that somebody else has taken says that it is no core agent") {
  const Directory directory;
  const std::string path = directory.file("other.sock");
  const Descriptor other{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  REQUIRE(::bind(other.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(other.number(), 1) == 0);
  const auto refused = Listener::open(path);
  REQUIRE(!refused);
  CHECK(refused.error().message == path + " is taken, by something that does not answer as a core agent");
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("only loopback addresses are listened on unless asked for") {
  const auto refused = Listener::open("tcp://0.0.0.0:0");
  REQUIRE(!refused);
  CHECK(refused.error().message.find("--allow-remote") != std::string::npos);
  CHECK(Listener::open("tcp://0.0.0.0:0", true));
  CHECK(!Listener::open("tcp://127.0.0.1"));
  CHECK(!Listener::open("tcp://127.0.0.1:http"));
  CHECK(!Listener::open(""));
  CHECK(!Listener::open(std::string(200, 'x')));
}

TEST_CASE("a Unix socket is its owner's alone and goes away with the server") {
  const Directory directory;
  const std::string path = directory.file("agent.sock");
  {
    RunningServer server{path};
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(Client{path}.ask(register_message) == registered);
    CHECK(!Listener::open("unix://" + path));
  }
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("the file of a Unix socket is private whatever the umask says, and only its own file is removed") {
  const Directory directory;
  const std::string path = directory.file("agent.sock");
  const mode_t before = ::umask(0);
  {
    const auto listener = Listener::open(path);
    ::umask(before);
    REQUIRE(listener);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    std::filesystem::remove(path);
    std::ofstream{path} << "precious";
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a socket file left over from a killed process is replaced, any other file is not") {
  const Directory directory;
  const std::string path = directory.file("agent.sock");
  {
    const Descriptor killed{::socket(AF_UNIX, SOCK_STREAM, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(killed.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  CHECK(Listener::open(path));
  std::ofstream{path} << "precious";
  const auto refused = Listener::open(path);
  REQUIRE(!refused);
  CHECK(refused.error().message == path + " exists and is no socket");
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("a recording has every event, and its messages can be read back") {
  const Directory directory;
  const std::string path = directory.file("recording.jsonl");
  {
    auto recording = Recording::create(path);
    REQUIRE(recording);
    RunningServer server{"tcp://127.0.0.1:0", {}, std::move(*recording)};
    Client client{server.address()};
    client.ask(register_message);
    client.ask("{ \"Foo\" :\n {} }");
    client.ask("{");
    client.write(std::string("\0\0\0\x09half", 8));
    client.finish();
  }
  std::ifstream file{path};
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == R"({"ev":"open","conn":1})");
  CHECK(lines[1] == R"({"ev":"msg","conn":1,"n":1,"len":)" + std::to_string(register_message.size()) +
                        R"(,"type":"Register","body":)" + register_message + R"(,"bad":[]})");
  CHECK(lines[2] == R"({"ev":"msg","conn":1,"n":2,"len":15,"type":"Foo","body":{"Foo":{}},"bad":["unknown command Foo"]})");
  CHECK(lines[3].starts_with(R"({"ev":"bad-json","conn":1,"n":3,"len":1,"why":")"));
  CHECK(lines[4] == R"({"ev":"eof","conn":1,"left":8})");
  int messages = 0;
  CHECK(read_recording(path, [&](simdjson::dom::element) { ++messages; }));
  CHECK(messages == 2);
  CHECK(!read_recording(directory.file("missing"), [](simdjson::dom::element) {}));
}

TEST_SUITE_END();
