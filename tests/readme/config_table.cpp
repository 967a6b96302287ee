// Prints the README's table of configuration keys from the one table that the library has.

#include <scout/config/finalize.hpp>

#include <cstdio>
#include <string>

int main() {
  std::printf("| key | environment | value | default |\n| --- | --- | --- | --- |\n");
  for (const scout::ConfigKey& key : scout::config_keys) {
    const std::string name(key.name), alias(key.alias), fallback(key.fallback);
    const std::string variable = "`" + scout::environment_name(name) + "`" +
                                 (alias.empty() ? "" : " (old: `" + scout::environment_name(alias) + "`)");
    std::printf("| `%s` | %s | %s | %s |\n", name.c_str(), variable.c_str(),
                std::string(scout::detail::expectation(key.type)).c_str(), fallback.empty() ? "" : ("`" + fallback + "`").c_str());
  }
}
