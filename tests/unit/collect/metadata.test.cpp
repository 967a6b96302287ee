#include <scout/collect/metadata.hpp>

#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

TEST_SUITE_BEGIN("collect/metadata");

TEST_CASE("the metadata has every key that Scout's Python agent sends, as strict JSON") {
  scout::FinalConfig config;
  config.hostname = "a \"quoted\" host";
  config.revision_sha = "abc123";
  config.framework = "httplib";
  const simdjson::padded_string json(scout::detail::metadata_json(config, scout::Time(std::chrono::seconds(1'700'000'000))));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  REQUIRE(parser.parse(json).get(root) == simdjson::SUCCESS);
  for (const char* key : {"language", "language_version", "version", "server_time", "framework", "framework_version",
                          "environment", "app_server", "hostname", "database_engine", "database_adapter", "application_name",
                          "libraries", "paas", "application_root", "scm_subdirectory", "git_sha"}) {
    CAPTURE(key);
    CHECK(root[key].error() == simdjson::SUCCESS);
  }
  CHECK(std::string_view(root["language"]) == "cpp");
  CHECK(std::string_view(root["hostname"]) == "a \"quoted\" host");
  CHECK(std::string_view(root["application_name"]) == "");
  CHECK(std::string_view(root["server_time"]) == "2023-11-14T22:13:20.000000Z");
  CHECK(std::string_view(root["git_sha"]) == "abc123");
  CHECK(std::string_view(root["libraries"].at(0).at(0)) == "scout");
}

TEST_SUITE_END();
