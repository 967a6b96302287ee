#ifndef SCOUT_INTEGRATIONS_SQLITE3_HPP
#define SCOUT_INTEGRATIONS_SQLITE3_HPP

// SQLite: a span "SQL/Query" for every statement that runs inside a transaction, from its first step to its end (the last
// row, reset or finalize). The tag db.statement is the SQL as it was prepared; bound values are never looked at.
// `disabled_instruments` knows it as "sqlite3". Uses SQLite's own hook, sqlite3_trace_v2(): a program that sets that hook
// itself on a connection replaces this one. Where sqlite3_close() is refused the connection is traced on, unless it is an
// unfinished backup that refuses.

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>

#include "../instrument/trace_context.hpp"

namespace scout::inline v0 {
namespace detail {

// The running statements of one connection. SQLite calls from whatever thread uses the connection, one at a time.
struct SqliteConnection {
  struct Running {
    sqlite3_stmt* statement = nullptr;
    std::optional<Span> span;
  };
  static constexpr int limit = 16;  // statements that are stepped in turns; further ones get no span

  sqlite3* database = nullptr;
  SqliteConnection* next = nullptr;
  Running running[limit];
  std::atomic<bool> is_hooked_anew = false;  // by instrument(), which SQLite does not order with its calls

  Running* find(sqlite3_stmt* statement) noexcept {
    for (Running& candidate : running) {
      if (candidate.statement == statement) return &candidate;
    }
    return nullptr;
  }

  // `text` is the statement's own SQL, or a comment that names a trigger or a statement which runs inside of another one:
  // their time belongs to the statement that caused them.
  void started(sqlite3_stmt* statement, const char* text) noexcept {
    const char* const sql = sqlite3_sql(statement);
    if (!is_instrumented("sqlite3") || sql == nullptr || std::strcmp(sql, text) != 0) return;
    if (is_hooked_anew.exchange(false, std::memory_order_relaxed)) forget_the_past(statement);
    if (find(statement) != nullptr) return;  // a foreign key's action
    Running* const free = find(nullptr);
    if (free == nullptr) return;
    free->statement = statement;
    free->span.emplace(Operation{"SQL/Query"});
    free->span->statement(sql);
  }

  void finished(sqlite3_stmt* statement) noexcept {
    Running* const done = find(statement);
    if (done == nullptr) return;
    done->span.reset();
    done->statement = nullptr;
  }

  // Ends that nobody told: of the time in which the program had the hook, or of an earlier connection at this address.
  void forget_the_past(const sqlite3_stmt* starting) noexcept {
    for (const Running& candidate : running) {
      if (candidate.statement == starting || !is_running(candidate.statement)) finished(candidate.statement);
    }
  }
  bool is_running(const sqlite3_stmt* statement) const noexcept {
    sqlite3_stmt* own = sqlite3_next_stmt(database, nullptr);
    while (own != nullptr && own != statement) own = sqlite3_next_stmt(database, own);
    return own != nullptr && sqlite3_stmt_busy(own) != 0;
  }
};

// All connections that were instrumented and not closed. One that was closed while it had statements, if only those of a
// virtual table, or while the program had the hook, stays for the next at its address.
struct SqliteConnections {
  std::mutex mutex;
  SqliteConnection* first = nullptr;

  // The one for a database, made when there is none yet; nullptr: no memory.
  SqliteConnection* obtain(sqlite3* database) noexcept {
    const std::lock_guard lock(mutex);
    for (SqliteConnection* connection = first; connection != nullptr; connection = connection->next) {
      if (connection->database == database) return connection;
    }
    auto* const connection = new (std::nothrow) SqliteConnection;
    if (connection == nullptr) return nullptr;
    connection->database = database;
    connection->next = first;
    return first = connection;
  }

  void remove(SqliteConnection* connection) noexcept {
    const std::lock_guard lock(mutex);
    SqliteConnection** link = &first;
    while (*link != nullptr && *link != connection) link = &(*link)->next;
    if (*link == connection) *link = connection->next;
    delete connection;
  }
};
inline constinit SqliteConnections sqlite_connections;

inline int on_sqlite_event(unsigned event, void* context, void* subject, void* detail) noexcept {
  auto* const connection = static_cast<SqliteConnection*>(context);
  switch (event) {
    case SQLITE_TRACE_STMT:
      connection->started(static_cast<sqlite3_stmt*>(subject), static_cast<const char*>(detail));
      break;
    case SQLITE_TRACE_PROFILE:
      connection->finished(static_cast<sqlite3_stmt*>(subject));
      break;
    case SQLITE_TRACE_CLOSE:
      // A close that is refused, or that waits for statements, comes here too.
      if (sqlite3_next_stmt(connection->database, nullptr) != nullptr) break;
      sqlite3_trace_v2(connection->database, 0, nullptr, nullptr);
      sqlite_connections.remove(connection);
      break;
    default:
      break;
  }
  return 0;
}

}  // namespace detail

// Instruments one connection; again is harmless. False: out of memory.
inline bool instrument(sqlite3* database) noexcept {
  detail::SqliteConnection* const connection = detail::sqlite_connections.obtain(database);
  constexpr unsigned events = SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE;
  if (connection == nullptr) return false;
  connection->is_hooked_anew.store(true, std::memory_order_relaxed);
  return sqlite3_trace_v2(database, events, detail::on_sqlite_event, connection) == SQLITE_OK;
}

// Instruments every connection that is opened from now on, by whatever library. Call it at the start of the program, after
// its own sqlite3_config(), if any; again is harmless. False: out of memory.
inline bool instrument_sqlite3() noexcept {
  const auto on_open = [](sqlite3* database, char**, const sqlite3_api_routines*) {
    instrument(database);
    return SQLITE_OK;
  };
  int (*const entry)(sqlite3*, char**, const sqlite3_api_routines*) = on_open;
  return sqlite3_auto_extension(reinterpret_cast<void (*)()>(entry)) == SQLITE_OK;
}

}  // namespace scout::inline v0

#endif
