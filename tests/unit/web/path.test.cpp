#include <scout/web/path.hpp>

#include <doctest/doctest.h>

#include <string>

namespace web = scout::web;

namespace {

std::string path_tag(std::string_view path, std::string_view query, web::UriReporting reporting = {}) {
  web::PathText text;
  web::write_path(text, path, query, reporting);
  return std::string{text.finish()};
}

}  // namespace

TEST_SUITE_BEGIN("web/path");

TEST_CASE("a path without a query stays as it arrived") { CHECK(path_tag("/caf%C3%A9/ü", "") == "/caf%C3%A9/ü"); }

TEST_CASE("pairs are sorted by key, then by value") { CHECK(path_tag("/s", "b=2&a=2&a=10&B=1") == "/s?B=1&a=10&a=2&b=2"); }

TEST_CASE("pairs are sorted by what they mean, not by how they are spelt") {
  CHECK(path_tag("/s", "b=1&%61=1") == "/s?a=1&b=1");
  CHECK(path_tag("/s", "x=%C3%A9&x=z") == "/s?x=z&x=%C3%A9");
}

TEST_CASE("secrets are filtered, in any case and spelling, before the pairs are sorted") {
  CHECK(path_tag("/s", "token=x&q=1") == "/s?q=1&token=%5BFILTERED%5D");
  CHECK(path_tag("/s", "PassWord=x") == "/s?PassWord=%5BFILTERED%5D");
  CHECK(path_tag("/s", "pass%77ord=x") == "/s?password=%5BFILTERED%5D");
  CHECK(path_tag("/s", "card[number]=1") == "/s?card%5Bnumber%5D=%5BFILTERED%5D");
  CHECK(path_tag("/s", "key=b&key=a&passwords=1") == "/s?key=%5BFILTERED%5D&key=%5BFILTERED%5D&passwords=1");
}

TEST_CASE("blanks become plus signs and reserved characters are escaped") {
  CHECK(path_tag("/s", "q=a%20b+c&r=-_.~!*'()") == "/s?q=a+b+c&r=-_.~%21%2A%27%28%29");
}

TEST_CASE("blank values, missing values and empty parts have one spelling") {
  CHECK(path_tag("/s", "&flag&&empty=&") == "/s?empty=&flag=");
}

TEST_CASE("a stray percent sign stands for itself") {
  CHECK(path_tag("/s", "q=100%&r=%zz&s=%4") == "/s?q=100%25&r=%25zz&s=%254");
}

TEST_CASE("reporting can be restricted to the path or left unfiltered") {
  CHECK(path_tag("/s", "b=1&token=x", web::UriReporting::path) == "/s");
  CHECK(path_tag("/s", "b=1&token=x", web::UriReporting::full_path) == "/s?b=1&token=x");
}

TEST_CASE("an over-long path is cut and says by how much") {
  CHECK(path_tag(std::string(web::longest_path, 'a'), "") == std::string(web::longest_path, 'a'));
  CHECK(path_tag(std::string(web::longest_path + 7, 'a'), "") == std::string(web::longest_path, 'a') + "…[cut 7]");
}

TEST_CASE("pairs beyond the limit are cut and counted") {
  std::string query;
  for (std::size_t i = 0; i < web::most_query_pairs + 2; ++i) query += "a=1&";
  const std::string text = path_tag("/", query);
  CHECK(text.ends_with("a=1…[cut 8]"));
}

TEST_SUITE_END();
