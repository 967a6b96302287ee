#include "scout/config/address.hpp"

#include <doctest/doctest.h>
#include <scout/config/absolute_path.hpp>

#include <filesystem>
#include <string>

using namespace scout;

namespace {

Address parsed(std::string_view text) {
  auto address = parse_address(text);
  REQUIRE_MESSAGE(address, text);
  return *address;
}

}  // namespace

TEST_SUITE_BEGIN("config/address");

TEST_CASE("a TCP address has a host and a port, 6590 unless given") {
  CHECK(parsed("tcp://127.0.0.1:6590") == Address{"", "127.0.0.1", 6590});
  CHECK(parsed("tcp://core-agent:9000") == Address{"", "core-agent", 9000});
  CHECK(parsed("tcp://core-agent") == Address{"", "core-agent", 6590});
  CHECK(parsed("tcp://core-agent/") == Address{"", "core-agent", 6590});
}

TEST_CASE("an IPv6 address stands in brackets") {
  CHECK(parsed("tcp://[::1]:7000") == Address{"", "::1", 7000});
  CHECK(parsed("tcp://[::1]") == Address{"", "::1", 6590});
  CHECK(parsed("tcp://[::1]:7000").text() == "tcp://[::1]:7000");
}

TEST_CASE("a path is a unix domain socket, with or without its scheme") {
  for (const auto* text : {"/run/scout.sock", "unix:/run/scout.sock", "unix:///run/scout.sock"}) {
    CHECK(parsed(text).is_unix());
    CHECK(parsed(text).path == "/run/scout.sock");
    CHECK(parsed(text).text() == "unix:/run/scout.sock");
  }
  CHECK(parsed("unix:relative.sock").path == "relative.sock");
}

TEST_CASE("auto, in any case, is TCP on this machine, and reads back as auto") {
  for (const auto* text : {"auto", "AUTO", "Auto"}) {
    const Address address = parsed(text);
    CHECK(address.host == "127.0.0.1");
    CHECK(address.port == 6590);
    CHECK(address.is_automatic);
    CHECK(address.text() == "auto");
  }
  for (const auto* text : {"unix:auto", "./auto", "autos"}) CHECK(parsed(text).is_unix());
}

TEST_CASE("a host and a port without tcp:// are no path, but a path may end as a port does") {
  for (const auto* text : {"127.0.0.1:6590", "localhost:6590", "[::1]:6590", "::1", ":6590"}) {
    CAPTURE(text);
    const auto address = parse_address(text);
    REQUIRE(!address);
    CHECK(address.error().message == '\'' + std::string(text) + "' is not an address: tcp:// goes before host and port");
  }
  for (const auto* text : {"./a:1", "/run/x:1", "a/b:1", "agent.sock", "a:b", "a:", "a:1b"}) CHECK(parsed(text).path == text);
  CHECK(parsed("unix:localhost:6590").path == "localhost:6590");
  CHECK(parsed(parsed("unix:localhost:6590").text()).path == "localhost:6590");
}

TEST_CASE("the text of an address means the same address") {
  for (const auto* text : {"//run/scout.sock", "unix:////run/scout.sock", "unix:a://b", "tcp://[::1]", "tcp://host:1"}) {
    CAPTURE(text);
    CHECK(parsed(parsed(text).text()) == parsed(text));
  }
}

TEST_CASE("what is no address says why, with the text") {
  const std::string long_path(108, 'x');
  for (const std::string text :
       {"", "unix:", "tcp://", "tcp://:6590", "tcp://host:", "tcp://host:0", "tcp://host:65536", "tcp://host:12x",
        "tcp://::1:6590", "tcp://[::1", "tcp://[::1]x", "tcp://[[]", "tcp://a]", "http://host:80", long_path.c_str()}) {
    CAPTURE(text);
    const auto address = parse_address(text);
    REQUIRE(!address);
    CHECK(address.error().code == ErrorCode::invalid_argument);
    CHECK(address.error().message.find('\'' + text + '\'') != std::string::npos);
  }
  CHECK(parse_address(std::string(107, 'x')));
}

TEST_CASE("the paths of an address can be made absolute, as far as a socket takes them") {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path("/tmp");
  Address address{.path = "sock", .older_path = std::string(107, 'x')};
  detail::make_absolute(address);
  std::filesystem::current_path(before);
  CHECK(address.path == "/tmp/sock");
  CHECK(address.older_path == std::string(107, 'x'));
  Address tcp{.host = "localhost"};
  detail::make_absolute(tcp);
  CHECK(tcp == Address{.host = "localhost"});
}

TEST_SUITE_END();
