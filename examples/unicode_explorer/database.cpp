#include "database.hpp"

namespace explorer {

Statement::Statement(sqlite3* database, const char* sql) : database_(database) {
  check(sqlite3_prepare_v2(database, sql, -1, &handle_, nullptr));
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, const std::string& value) {
  check(sqlite3_bind_text(handle_, parameter, value.c_str(), static_cast<int>(value.size()), SQLITE_TRANSIENT));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(handle_);
  if (result != SQLITE_ROW && result != SQLITE_DONE) check(result);
  return result == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
  check(sqlite3_reset(handle_));
}

std::string Statement::text(int column) const {
  const unsigned char* const characters = sqlite3_column_text(handle_, column);
  return characters ? reinterpret_cast<const char*>(characters) : "";
}

void Statement::check(int result) const {
  if (result != SQLITE_OK) throw DatabaseError{sqlite3_errmsg(database_)};
}

Database::Database(const std::string& path) {
  constexpr int busy_milliseconds = 2000;
  if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) {
    const std::string message = sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    throw DatabaseError{message};
  }
  sqlite3_busy_timeout(handle_, busy_milliseconds);
}

void Database::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw DatabaseError{sqlite3_errmsg(handle_)};
}

}  // namespace explorer
