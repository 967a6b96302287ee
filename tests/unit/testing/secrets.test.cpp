#include <scout/testing/secrets.hpp>

#include <scout/testing.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>

using scout::testing::no_secrets;

namespace {

// The line of a failure for a span with this tag; "" when there is none.
template <class Value>
std::string found(const std::string& key, const Value& value) {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("login");
    scout::ScopedSpan span{"check"};
    span.tag(key, value);
  }
  const std::string message = no_secrets(recording).message();
  const std::string before = "secrets in tags:\n  Controller/login\n>   Custom/check  " + key + ": ";
  return message.starts_with(before) ? message.substr(before.size()) : message;
}

}  // namespace

TEST_SUITE_BEGIN("testing/secrets");

TEST_CASE("a tag that is called like a secret is one") {
  CHECK(found("password", "hunter2") == "…");
  CHECK(found("X-Api-Key", "hunter2") == "…");
  CHECK(found("userAccessToken", "hunter2") == "…");
}

TEST_CASE("a value that gives a secret away is one") {
  CHECK(found("path", "/login?user=a&user%5Bpassword%5D=hunter2") == "user%5Bpassword%5D=…");
  CHECK(found("db.statement", "SELECT a FROM t WHERE token = 'hunter2'") == "token=…");
  CHECK(found("body", R"({"name":"a","password": "hunter2"})") == "password:…");
  CHECK(found("form", std::map<std::string, std::string>{{"secret", "hunter2"}}) == "secret:…");
  CHECK(found("headers", "Accept: */*\nAuthorization: Basic aHVudGVy") == "Authorization:…");
  CHECK(found("header", "Bearer aHVudGVy") == "Bearer …");
  CHECK(found("key", "-----BEGIN PRIVATE KEY-----\nMIIE") == "PRIVATE KEY-----…");
  CHECK(found("url", "postgres://app:hunter2@db/users") == "://user:…@");
}

TEST_CASE("what is filtered, a placeholder, a column or a count is no secret") {
  CHECK(found("password", "[FILTERED]") == "");
  CHECK(found("password", "") == "");
  CHECK(found("tokens", 512) == "");
  CHECK(found("path", "/login?token=%5BFILTERED%5D&password=") == "");
  CHECK(found("db.statement", "SELECT a FROM t JOIN s ON t.token = s.token WHERE password = ? AND secret = $1") == "");
  CHECK(found("body", R"({"password": null, "token": ""})") == "");
  CHECK(found("url", "http://db:5432/users@home") == "");
  CHECK(found("text", "the password is wrong") == "");
}

TEST_CASE("the transaction's own tags are looked at, and every culprit is marked") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("login");
    SCOUT_CONTEXT("session_token", "hunter2");
    SCOUT_INSTRUMENT("check");
    SCOUT_TAG("pwd", "hunter2");
    SCOUT_TAG("cookie", "hunter2");
  }
  CHECK(no_secrets(recording).message() ==
        "secrets in tags:\n"
        "> Controller/login  session_token: …\n"
        ">   Custom/check  pwd: …  cookie: …");
}

TEST_CASE("what a test knows to be secret is found anywhere in a value, and not repeated") {
  scout::testing::Recording recording;
  {
    SCOUT_WEB_TRANSACTION("login");
    SCOUT_INSTRUMENT("check");
    SCOUT_TAG("db.statement", "INSERT INTO users VALUES('ada', 'correct \"horse\"')");
  }
  CHECK(no_secrets(recording));
  CHECK(no_secrets(recording, {"hunter2"}));
  CHECK(no_secrets(recording, {"hunter2", "correct \"horse\""}).message() ==
        "secrets in tags:\n"
        "  Controller/login\n"
        ">   Custom/check  db.statement: co…");
}

TEST_CASE("without a transaction there is nothing to look at") {
  scout::testing::Recording recording;
  CHECK(no_secrets(recording).message() == "nothing was recorded");
}

TEST_SUITE_END();
