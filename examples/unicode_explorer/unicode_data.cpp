#include "unicode_data.hpp"

#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace explorer {
namespace {

std::ifstream open(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw std::runtime_error{"cannot read " + path + " (Debian: apt install unicode-data)"};
  return file;
}

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> fields;
  for (;;) {
    const std::size_t end = line.find(separator);
    fields.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

std::int64_t code_point(const std::string& hexadecimal) { return std::stoll(hexadecimal, nullptr, 16); }

// "0000..007F; Basic Latin"
void load_blocks(Database& database, const std::string& path) {
  Statement insert = database.prepare("INSERT INTO blocks(first, last, name) VALUES(?, ?, ?)");
  std::ifstream file = open(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t dots = line.find(".."), semicolon = line.find("; ");
    if (line.starts_with('#') || dots == std::string::npos || semicolon == std::string::npos) continue;
    insert.bind(1, code_point(line.substr(0, dots)))
        .bind(2, code_point(line.substr(dots + 2)))
        .bind(3, line.substr(semicolon + 2))
        .run();
  }
}

// "0041;LATIN CAPITAL LETTER A;Lu;…"; a control character has its name in the eleventh field.
void load_characters(Database& database, const std::string& path) {
  Statement insert = database.prepare("INSERT INTO characters(code, name, category) VALUES(?, ?, ?)");
  std::ifstream file = open(path);
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = split(line, ';');
    if (fields.size() < 11) continue;
    insert.bind(1, code_point(fields[0])).bind(2, fields[1] == "<control>" ? fields[10] : fields[1]).bind(3, fields[2]).run();
  }
}

}  // namespace

void load_unicode_data(Database& database, const std::string& directory) {
  database.run(
      "PRAGMA journal_mode = WAL;"
      "BEGIN;"
      "CREATE TABLE blocks(first INTEGER PRIMARY KEY, last INTEGER, name TEXT UNIQUE);"
      "CREATE TABLE characters(code INTEGER PRIMARY KEY, name TEXT, category TEXT);"
      "CREATE TABLE statistics(category TEXT PRIMARY KEY, characters INTEGER);");
  load_blocks(database, directory + "/Blocks.txt");
  load_characters(database, directory + "/UnicodeData.txt");
  database.run("COMMIT");
}

}  // namespace explorer
