#ifndef UNICODE_EXPLORER_DATABASE_HPP
#define UNICODE_EXPLORER_DATABASE_HPP

// A connection to the SQLite file, and a prepared statement. They know nothing of scout: its hook sees every statement.

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace explorer {

struct DatabaseError : std::runtime_error {
  using runtime_error::runtime_error;
};

class Statement {
 public:
  Statement(sqlite3* database, const char* sql);
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Parameters count from 1, columns from 0, as in SQLite.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, const std::string& value);
  bool step();  // true: a row
  void run();   // to the end, ready for the next run
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_, column); }
  std::string text(int column) const;

 private:
  void check(int result) const;

  sqlite3* database_;
  sqlite3_stmt* handle_ = nullptr;
};

class Database {
 public:
  explicit Database(const std::string& path);
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(const char* sql) { return Statement(handle_, sql); }
  void run(const char* sql);

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace explorer

#endif
