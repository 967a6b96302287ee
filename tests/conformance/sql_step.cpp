#include <scout/integrations/sqlite3.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "library_steps.hpp"

namespace conformance {
namespace {

using Connection = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

// pause(seconds), for a statement that takes its time.
void pause(sqlite3_context* context, int, sqlite3_value** arguments) {
  std::this_thread::sleep_for(std::chrono::duration<double>(sqlite3_value_double(arguments[0])));
  sqlite3_result_int(context, 1);
}

Connection connect() {
  sqlite3* database = nullptr;
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) throw Malformed("SQLite has no memory");
  sqlite3_create_function(database, "pause", 1, SQLITE_UTF8, nullptr, pause, nullptr, nullptr);
  scout::instrument(database);
  return {database, &sqlite3_close};
}

sqlite3* database() {
  static thread_local const Connection connection = connect();
  return connection.get();
}

// Unbound parameters are null.
bool run(const std::string& sql, std::int64_t times) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) return false;
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, &sqlite3_finalize);
  for (; times > 0; --times) {
    while (sqlite3_step(statement.get()) == SQLITE_ROW) {
    }
    if (sqlite3_reset(statement.get()) != SQLITE_OK) return false;
  }
  return true;
}

}  // namespace

void perform_sql(element step) {
  const std::string sql(get<std::string_view>(step, "statement"));
  const std::int64_t many = get_or(step, "many", std::int64_t{0});
  if (many == 0) {
    if (!run(sql, 1) != get_or(step, "fails", false)) throw Malformed("SQLite: " + std::string(sqlite3_errmsg(database())));
    return;
  }
  // One span for all of the rows, as other languages' executemany() is one call.
  scout::ScopedSpan span(scout::Operation{"SQL/Many"}, {.leaf = true});
  span.tag("db.statement", sql);
  run(sql, many);
}

}  // namespace conformance
