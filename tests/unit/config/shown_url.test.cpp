#include <scout/config/shown_url.hpp>

#include <doctest/doctest.h>
#include <scout/config/finalize.hpp>

#include <algorithm>

using scout::detail::shown_url;

TEST_SUITE_BEGIN("config/shown_url");

TEST_CASE("a URL is shown without its user, password and query") {
  CHECK(shown_url("https://host:8080/a/b") == "https://host:8080/a/b");
  CHECK(shown_url("https://user:pass@host/x") == "https://***@host/x");
  CHECK(shown_url("https://user:pass@host/x?X-Amz-Signature=abc&e=1") == "https://***@host/x?***");
  CHECK(shown_url("https://host?token=a@b/c") == "https://host?***");
  CHECK(shown_url("https://host/x?token='a'#part") == "https://host/x?***");
  CHECK(shown_url("https://host/a@b#?") == "https://host/a@b#?");
  CHECK(shown_url("what?") == "what?");
  CHECK(shown_url("http:/user:pass@host/x") == "http:/***@host/x");  // libcurl takes these
  CHECK(shown_url("'http:///user:pass@host/x'") == "'http:///***@host/x'");
  CHECK(shown_url("user:pass@host/x") == "user:***@host/x");
  CHECK(shown_url("file:///srv@2/x") == "file:///srv@2/x");
  CHECK(shown_url("nothing") == "nothing");
  CHECK(shown_url("").empty());
}

TEST_CASE("the token in a download_url is not described") {
  const scout::Config config{.download_url = "https://user:pass@host/x?token=secret"};
  const auto lines = scout::describe(scout::finalize(config));
  CHECK(std::find(lines.begin(), lines.end(), "download_url = 'https://***@host/x?***' (code)") != lines.end());
}

TEST_SUITE_END();
