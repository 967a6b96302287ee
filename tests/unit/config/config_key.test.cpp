#include "scout/config/config_key.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace scout;

TEST_SUITE_BEGIN("config/config_key");

TEST_CASE("no name stands twice in the table, not even as an alias") {
  std::set<std::string_view> names;
  for (const ConfigKey& key : config_keys) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    if (!key.alias.empty()) CHECK(names.insert(key.alias).second);
  }
}

TEST_CASE("a key is found by its name, another word is not") {
  CHECK(config_keys[config_key_index("monitor")].name == "monitor");
  CHECK(config_key_index("socket_path") == config_key_count);
}

TEST_CASE("only the organisation's key is secret") {
  for (const ConfigKey& key : config_keys) CHECK(key.secret == (key.name == "key"));
}

TEST_SUITE_END();
