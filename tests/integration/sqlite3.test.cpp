#include <scout/integrations/sqlite3.hpp>

#include <doctest/doctest.h>
#include <unistd.h>
#include <scout/testing.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Database {
  explicit Database(const char* name = ":memory:") { REQUIRE(sqlite3_open(name, &handle) == SQLITE_OK); }
  ~Database() { CHECK(sqlite3_close(handle) == SQLITE_OK); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  int run(const char* sql) { return sqlite3_exec(handle, sql, nullptr, nullptr, nullptr); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr) == SQLITE_OK);
    return statement;
  }

  sqlite3* handle = nullptr;
};

using namespace std::chrono_literals;
using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::web;

auto query(const char* statement) { return span("SQL/Query").tag("db.statement", statement); }

}  // namespace

TEST_SUITE_BEGIN("integrations/sqlite3");

TEST_CASE("every connection opened after instrument_sqlite3() is traced, once") {
  scout::testing::Recording recording;
  CHECK(scout::instrument_sqlite3());
  CHECK(scout::instrument_sqlite3());
  Database database;
  {
    const scout::WebTransaction transaction{"show"};
    database.run("SELECT 1");
  }
  sqlite3_reset_auto_extension();
  CHECK(matches(recording, web("show").children(query("SELECT 1"))));
}

TEST_CASE("one connection can be instrumented on its own, again without effect") {
  scout::testing::Recording recording;
  Database traced, other;
  CHECK(scout::instrument(traced.handle));
  CHECK(scout::instrument(traced.handle));
  {
    const scout::WebTransaction transaction{"show"};
    traced.run("SELECT 1");
    other.run("SELECT 2");
  }
  CHECK(matches(recording, web("show").children(query("SELECT 1"))));
}

TEST_CASE("a statement is a child of the span it runs in, and its text has no bound values") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  sqlite3_stmt* const statement = database.prepare("SELECT ?");
  {
    const scout::WebTransaction transaction{"show"};
    const scout::ScopedSpan load{"load"};
    sqlite3_bind_text(statement, 1, "secret", -1, SQLITE_STATIC);
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  REQUIRE(matches(recording, web("show").children(span("Custom/load").children(query("SELECT ?")))));
  CHECK(scout::testing::no_secrets(recording, {"secret"}));
  const auto trace = recording.traces().at(0);
  const auto &load = trace.spans()[1], &run = trace.spans()[2];
  CHECK(run.stop() >= run.start());
  CHECK(run.stop() <= load.stop());
}

TEST_CASE("each run of a prepared statement is a span, however it ends") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  database.run("CREATE TABLE t(a); INSERT INTO t VALUES(1),(2),(3)");
  {
    const scout::WebTransaction transaction{"show"};
    sqlite3_stmt* const statement = database.prepare("SELECT a FROM t");
    sqlite3_step(statement);  // partly, then reset
    sqlite3_reset(statement);
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    sqlite3_reset(statement);
    sqlite3_step(statement);  // partly, then finalized
    sqlite3_finalize(statement);
  }
  CHECK(matches(recording, web("show").children(query("SELECT a FROM t").times(3))));
}

TEST_CASE("statements stepped in turns are siblings that end on their own") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  {
    const scout::WebTransaction transaction{"show"};
    sqlite3_stmt* const first = database.prepare("SELECT 1");
    sqlite3_stmt* const second = database.prepare("SELECT 2");
    sqlite3_step(first);
    sqlite3_step(second);
    sqlite3_finalize(first);
    sqlite3_finalize(second);
  }
  CHECK(matches(recording, web("show").children(query("SELECT 1"), query("SELECT 2"))));
}

TEST_CASE("errors leave nothing open") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  database.run("CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)");
  {
    const scout::WebTransaction transaction{"show"};
    CHECK(database.run("INSERT INTO t VALUES(1)") == SQLITE_CONSTRAINT);
    CHECK(database.run("SELEKT") == SQLITE_ERROR);
    CHECK(database.run("SELECT abs(-9223372036854775808)") == SQLITE_ERROR);
    const scout::ScopedSpan after{"after"};
  }
  CHECK(matches(recording, web("show").children(query("INSERT INTO t VALUES(1)"), query("SELECT abs(-9223372036854775808)"),
                                                span("Custom/after"))));
  CHECK(scout::testing::no_lost_spans(recording));
}

TEST_CASE("a trigger is part of the statement that fired it") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  database.run(
      "CREATE TABLE t(a); CREATE TABLE log(a); CREATE TRIGGER copy AFTER INSERT ON t BEGIN INSERT INTO log VALUES(new.a); END");
  {
    const scout::WebTransaction transaction{"show"};
    database.run("INSERT INTO t VALUES(1)");
  }
  CHECK(matches(recording, web("show").children(query("INSERT INTO t VALUES(1)"))));
}

TEST_CASE("what a foreign key deletes is part of the statement that deletes") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  database.run(
      "PRAGMA foreign_keys=ON; CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p ON DELETE CASCADE);"
      "INSERT INTO p VALUES(1),(2); INSERT INTO c VALUES(1),(2)");
  {
    const scout::WebTransaction transaction{"show"};
    database.run("DELETE FROM p");
  }
  CHECK(matches(recording, web("show").children(query("DELETE FROM p"))));
}

TEST_CASE("what a function asks the database is part of the statement that called it") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  const auto ask = [](sqlite3_context* context, int, sqlite3_value**) {
    sqlite3_exec(sqlite3_context_db_handle(context), "SELECT 2", nullptr, nullptr, nullptr);
    sqlite3_result_int(context, 1);
  };
  sqlite3_create_function(database.handle, "ask", 0, SQLITE_UTF8, nullptr, ask, nullptr, nullptr);
  {
    const scout::WebTransaction transaction{"show"};
    CHECK(database.run("SELECT ask()") == SQLITE_OK);
  }
  CHECK(matches(recording, web("show").children(query("SELECT ask()"))));
}

TEST_CASE("outside of a transaction nothing is recorded") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  database.run("SELECT 1");
  { const scout::WebTransaction transaction{"show"}; }
  CHECK(matches(recording, web("show")));
}

TEST_CASE("a comment in front of a statement is part of it") {
  scout::testing::Recording recording;
  Database database;
  scout::instrument(database.handle);
  {
    const scout::WebTransaction transaction{"show"};
    database.run("-- find it\nSELECT 1");
  }
  CHECK(matches(recording, web("show").children(query("-- find it\nSELECT 1"))));
}

TEST_CASE("a connection whose close is refused is traced on") {
  scout::testing::Recording recording;
  {
    Database database;
    scout::instrument(database.handle);
    const scout::WebTransaction transaction{"show"};
    sqlite3_stmt* const statement = database.prepare("SELECT 1");
    sqlite3_step(statement);
    CHECK(sqlite3_close(database.handle) == SQLITE_BUSY);
    database.run("SELECT 2");
    sqlite3_finalize(statement);
    database.run("SELECT 3");
  }
  CHECK(matches(recording, web("show").children(query("SELECT 1"), query("SELECT 2"), query("SELECT 3"))));
  CHECK(scout::testing::no_lost_spans(recording));
}

TEST_CASE("a connection that is closed while a statement runs is traced to the end of the statement") {
  scout::testing::ManualClock clock;
  scout::testing::Recording recording(clock);
  {
    const scout::WebTransaction transaction{"show"};
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(":memory:", &handle) == SQLITE_OK);
    scout::instrument(handle);
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(handle, "SELECT 1", -1, &statement, nullptr) == SQLITE_OK);
    sqlite3_step(statement);
    CHECK(sqlite3_close_v2(handle) == SQLITE_OK);
    clock.advance(2ms);
    sqlite3_finalize(statement);
  }
  CHECK(matches(recording, web("show").children(query("SELECT 1").lasts(2ms))));
  CHECK(scout::testing::no_lost_spans(recording));
}

TEST_CASE("what ran when the program took the hook is not taken for a statement of the next connection at that address") {
  scout::testing::Recording recording;
  const auto own_hook = [](unsigned, void*, void*, void*) { return 0; };
  sqlite3 *first = nullptr, *second = nullptr;
  sqlite3_stmt *taken = nullptr, *next = nullptr;
  REQUIRE(sqlite3_open(":memory:", &first) == SQLITE_OK);
  scout::instrument(first);
  REQUIRE(sqlite3_prepare_v2(first, "SELECT 1", -1, &taken, nullptr) == SQLITE_OK);
  {
    const scout::WebTransaction transaction{"hooked"};
    sqlite3_step(taken);
    sqlite3_trace_v2(first, SQLITE_TRACE_STMT, own_hook, nullptr);
    sqlite3_finalize(taken);
  }
  sqlite3_close(first);
  REQUIRE(sqlite3_open(":memory:", &second) == SQLITE_OK);
  scout::instrument(second);
  REQUIRE(sqlite3_prepare_v2(second, "SELECT 1", -1, &next, nullptr) == SQLITE_OK);
  {
    const scout::WebTransaction transaction{"next"};
    sqlite3_step(next);
    sqlite3_finalize(next);
  }
  sqlite3_close(second);
  CHECK(matches(recording.traces().at(1), web("next").children(query("SELECT 1"))));
}

TEST_CASE("however many statements ran when the program took the hook, later ones are traced") {
  scout::testing::Recording recording;
  const auto own_hook = [](unsigned, void*, void*, void*) { return 0; };
  Database database;
  scout::instrument(database.handle);
  std::vector<sqlite3_stmt*> statements(20);
  {
    const scout::WebTransaction transaction{"hooked"};
    for (sqlite3_stmt*& statement : statements) sqlite3_step(statement = database.prepare("SELECT 1"));
    sqlite3_trace_v2(database.handle, SQLITE_TRACE_STMT, own_hook, nullptr);
    for (sqlite3_stmt* const statement : statements) sqlite3_reset(statement);
  }
  scout::instrument(database.handle);
  {
    const scout::WebTransaction transaction{"traced"};
    database.run("SELECT 2");
  }
  for (sqlite3_stmt* const statement : statements) sqlite3_finalize(statement);
  CHECK(matches(recording.traces().at(1), web("traced").children(query("SELECT 2"))));
}

TEST_CASE("a statement that runs while its connection is instrumented again goes on") {
  scout::testing::ManualClock clock;
  scout::testing::Recording recording(clock);
  Database database;
  scout::instrument(database.handle);
  {
    const scout::WebTransaction transaction{"show"};
    sqlite3_stmt* const statement = database.prepare("SELECT 1");
    sqlite3_step(statement);
    CHECK(scout::instrument(database.handle));
    database.run("SELECT 2");
    clock.advance(2ms);
    sqlite3_finalize(statement);
  }
  CHECK(matches(recording, web("show").children(query("SELECT 1").lasts(2ms), query("SELECT 2").lasts(0ms))));
}

TEST_CASE("connections on several threads do not disturb each other") {
  scout::testing::Recording recording;
  scout::instrument_sqlite3();
  const std::string path = "sqlite3_test_" + std::to_string(::getpid()) + ".db";
  {
    Database database{path.c_str()};
    database.run("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  }
  constexpr int threads = 4, runs = 50;
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (int run = 0; run < runs; ++run) {
        sqlite3* handle = nullptr;
        if (sqlite3_open(path.c_str(), &handle) == SQLITE_OK) {
          const scout::BackgroundTransaction transaction{"read"};
          sqlite3_exec(handle, "SELECT a FROM t", nullptr, nullptr, nullptr);
        }
        sqlite3_close(handle);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  sqlite3_reset_auto_extension();
  std::remove(path.c_str());
  const auto traces = recording.traces();
  CHECK(traces.size() == threads * runs);
  for (const auto& trace : traces) REQUIRE(matches(trace, background("read").children(query("SELECT a FROM t"))));
}

TEST_CASE("nothing is recorded where disabled_instruments names sqlite3") {
  scout::Config config;
  config.disabled_instruments = {"sqlite3"};
  scout::testing::Recording recording{config};
  Database database;
  scout::instrument(database.handle);
  {
    scout::WebTransaction transaction{"page"};
    CHECK(database.run("SELECT 1") == SQLITE_OK);
  }
  CHECK(matches(recording, web("page")));
}

TEST_SUITE_END();
