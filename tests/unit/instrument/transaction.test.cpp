#include <scout/instrument/transaction.hpp>

#include <scout/testing.hpp>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../support/ledger_change.hpp"

using scout::testing::background, scout::testing::matches, scout::testing::span, scout::testing::tag_json, scout::testing::web;

TEST_SUITE_BEGIN("instrument/transaction");

TEST_CASE("a web transaction is Controller/<name>, a background transaction Job/<name>") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  { scout::WebTransaction transaction{"users/show"}; }
  { scout::BackgroundTransaction transaction{"nightly/report"}; }
  CHECK(matches(recording, span("Controller/users/show"), span("Job/nightly/report")));
  CHECK(recording.traces().at(0).request_id() != recording.traces().at(1).request_id());
  CHECK(ledger.transactions().started == 2);
  CHECK(ledger.transactions().delivered == 2);
}

TEST_CASE("a transaction inside another is a span of it") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction outer{"outer"};
    scout::WebTransaction inner{"inner"};
    scout::BackgroundTransaction job{"job"};
  }
  CHECK(matches(recording, web("outer").children(web("inner").children(background("job")))));
}

TEST_CASE("a transaction that is not recorded inside another tags the request all the same") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"outer"};
    scout::ScopedSpan leaf{"leaf", {.leaf = true}};
    scout::BackgroundTransaction nested{"nested"};
    CHECK(nested.tag("key", 1));
  }
  CHECK(matches(recording, web("outer").tag("key", 1).children(span("leaf"))));
}

TEST_CASE("start and stop without a scope nest, and stops without a start are no-ops") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  scout::WebTransaction::stop();
  scout::WebTransaction::start("a");
  scout::BackgroundTransaction::start("inner");
  { scout::ScopedSpan span{"work"}; }
  scout::BackgroundTransaction::stop();
  { scout::ScopedSpan span{"after"}; }
  scout::WebTransaction::stop();
  scout::WebTransaction::stop();
  { scout::WebTransaction transaction{"b"}; }
  CHECK(matches(recording, web("a").children(background("inner").children(span("Custom/work")), span("Custom/after")), web("b")));
  CHECK(ledger.transactions().live == 0);
}

TEST_CASE("starts nest 128 deep; deeper ones are refused, counted, and matched by as many stops") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  for (int i = 0; i < 140; ++i) scout::WebTransaction::start("deep");
  for (int i = 0; i < 12; ++i) scout::WebTransaction::stop();
  { scout::ScopedSpan span{"deepest"}; }
  for (int i = 0; i < 127; ++i) scout::WebTransaction::stop();
  { scout::ScopedSpan span{"outermost"}; }
  scout::WebTransaction::stop();
  { scout::WebTransaction transaction{"next"}; }
  auto deep = web("deep").children(span("Custom/deepest"));
  for (int i = 0; i < 126; ++i) deep = web("deep").children(deep);
  CHECK(matches(recording, web("deep").dropped_spans(12).tag("scout.dropped_spans", 12).children(deep, span("Custom/outermost")),
                web("next")));
  CHECK(ledger.spans().dropped[scout::Reason::span_cap] == 12);
}

TEST_CASE("stops that were forgotten stand in the way of no later start") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  for (int i = 0; i < 200; ++i) {
    scout::WebTransaction request{"request"};
    scout::WebTransaction::start("forgotten");
  }
  scout::WebTransaction::start("outer");
  for (int i = 0; i < 200; ++i) {
    scout::WebTransaction::start("inner");
    scout::WebTransaction::stop();
  }
  scout::WebTransaction::stop();
  CHECK(recording.traces().size() == 201);
  CHECK(recording.traces().back().spans().size() == 201);
  CHECK(ledger.transactions().live == 0);
}

TEST_CASE("a transaction may be stopped on another thread, once") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  auto* const transaction = new scout::WebTransaction{"moved"};
  std::thread([transaction] { delete transaction; }).join();
  CHECK(recording.traces().size() == 1);
  { scout::ScopedSpan late{"late"}; }  // this thread still stands in the transaction that is over
  CHECK(ledger.spans().dropped[scout::Reason::late] == 1);
  { scout::WebTransaction next{"next"}; }  // and leaves it with the next one
  CHECK(recording.traces().size() == 2);
}

TEST_CASE("context of every JSON kind goes to the request, from inside any span") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"ctx"};
    CHECK(scout::add_context("plan", "free"));
    CHECK(scout::add_context("seats", 3));
    CHECK(scout::add_context("big", 18446744073709551615u));
    CHECK(scout::add_context("ratio", 0.25));
    CHECK(scout::add_context("vip", true));
    CHECK(scout::add_context("none", nullptr));
    CHECK(scout::add_context("maybe", std::optional<int>{}));
    CHECK(scout::add_context("list", std::vector<std::string>{"a", "b"}));
    CHECK(scout::add_context("object", std::map<std::string, int>{{"id", 7}}));
    CHECK(scout::add_context("numbers", std::map<int, double>{{-1, 0.5}}));
    CHECK(scout::add_context(std::string("key_of_any_kind"), std::string("a value that is longer than sixteen bytes")));
    scout::ScopedSpan span{"inner"};
    CHECK(scout::add_context("from_inner", "yes"));
    CHECK(scout::add_user("email", "a@example.com"));
  }
  const auto trace = recording.traces().at(0);
  CHECK(tag_json(trace, "plan") == "\"free\"");
  CHECK(tag_json(trace, "seats") == "3");
  CHECK(tag_json(trace, "big") == "18446744073709551615");
  CHECK(tag_json(trace, "ratio") == "0.25");
  CHECK(tag_json(trace, "vip") == "true");
  CHECK(tag_json(trace, "none") == "null");
  CHECK(tag_json(trace, "maybe") == "null");
  CHECK(tag_json(trace, "list") == "[\"a\",\"b\"]");
  CHECK(tag_json(trace, "object") == "{\"id\":7}");
  CHECK(tag_json(trace, "numbers") == "{\"-1\":0.5}");
  CHECK(tag_json(trace, "key_of_any_kind") == "\"a value that is longer than sixteen bytes\"");
  CHECK(tag_json(trace, "from_inner") == "\"yes\"");
  CHECK(tag_json(trace, "user_email") == "\"a@example.com\"");
}

TEST_CASE("context keys are letters, digits, dash and underscore; others are refused and counted") {
  scout::testing::Recording recording;
  const auto before = scout::stats().dropped_tags;
  CHECK_FALSE(scout::add_context("outside of a transaction", 1));
  CHECK(scout::stats().dropped_tags == before);
  {
    scout::WebTransaction transaction{"keys"};
    CHECK_FALSE(scout::add_context("", 1));
    CHECK_FALSE(scout::add_context("has space", 1));
    CHECK_FALSE(scout::add_context("dotted.key", 1));
    CHECK_FALSE(scout::add_context(std::string("ümlaut"), 1));
    CHECK_FALSE(scout::add_user("has space", 1));
    CHECK_FALSE(scout::add_user(std::string(65, 'k'), 1));
    CHECK(scout::stats().dropped_tags == before + 6);
    CHECK(scout::add_context("A-z_9", 1));
  }
  const auto trace = recording.traces().at(0);
  REQUIRE(trace.tags().size() == 2);
  CHECK(trace.tags()[0].key() == "A-z_9");
  CHECK(trace.tags()[1].key() == "mem_delta");
}

TEST_CASE("the last value of a key counts, in the place of its first") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"twice"};
    scout::add_context("a", 1);
    scout::add_context("b", 2);
    scout::add_context(std::string("a"), 3);
  }
  const auto trace = recording.traces().at(0);
  CHECK(trace.tags()[0].key() == "a");
  CHECK(trace.tags()[0].json() == "3");
  CHECK(trace.tags()[1].key() == "b");
}

TEST_CASE("the last value of a key counts, whichever threads have set it, and so does the last name") {
  scout::testing::Recording recording;
  const std::string long_text(100, 'x');
  for (int i = 0; i < 20; ++i) {
    scout::WebTransaction transaction{"page"};
    scout::Span span{"span"};
    const auto say = [&](int turn) {
      scout::add_context("scalar", turn);
      scout::add_context("text", long_text + std::to_string(turn));
      transaction.tag("both", turn);
      span.tag("scalar", turn);
      scout::rename_transaction("Controller/" + std::to_string(turn));
      span.rename(std::to_string(turn));
    };
    for (int turn = 0; turn < 4; turn += 2) {
      std::thread(scout::bind([&] { say(turn); })).join();
      say(turn + 1);
    }
    std::thread(scout::bind([&] { say(4); })).join();
    if (i % 2 != 0) say(5);
  }
  int i = 0;
  for (const auto& trace : recording.traces()) {
    const int last = 4 + i++ % 2;
    const auto text = std::to_string(last);
    CHECK(matches(trace, web("page")
                             .tag("scalar", last)
                             .tag("text", long_text + text)
                             .tag("both", last)
                             .tag("transaction.name", "Controller/" + text)
                             .children(span("Custom/" + text).tag("scalar", last))));
  }
  CHECK(i == 20);
}

TEST_CASE("a tag that is set again and again has its last value, and room for that only") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  const std::string long_text(4000, 'y');
  {
    scout::WebTransaction transaction{"progress"};
    scout::ScopedSpan span{"work"};
    for (std::size_t i = 0; i < 3000; ++i) {
      scout::add_context("grows", std::string(i, 'x'));
      span.tag(std::string("changes"), i % 2 != 0 ? long_text : std::to_string(i));
      if (i % 8 == 0) scout::stats();  // drains the ring
    }
    scout::add_context("number", long_text);
    scout::add_context("number", 1);
    scout::add_context("text", long_text);
    scout::add_context("text", 1);
    scout::add_context("text", "no number any more");
  }
  const auto trace = recording.traces().at(0);
  CHECK(tag_json(trace, "grows") == '"' + std::string(2999, 'x') + '"');
  CHECK(tag_json(trace, "number") == "1");
  CHECK(tag_json(trace, "text") == "\"no number any more\"");
  const auto& tags = trace.spans().at(1).tags();
  REQUIRE(tags.size() == 1);
  CHECK(tags[0].key() == "changes");
  CHECK(tags[0].json() == '"' + long_text + '"');
  CHECK(ledger.dropped_tags() == 0);
}

TEST_CASE("a span keeps its first 64 tags, an error and a new name beside them, and the rest is counted") {
  scout::testing::Recording recording;
  const auto dropped_before = scout::stats().dropped_tags;
  {
    scout::WebTransaction transaction{"many"};
    for (int i = 0; i < 70; ++i) scout::add_context("key_" + std::to_string(i), i);
    scout::mark_error();
    scout::rename_transaction("Controller/other");
  }
  const auto trace = recording.traces().at(0);
  REQUIRE(trace.tags().size() == 67);
  CHECK(trace.tags()[63].key() == "key_63");
  CHECK(trace.tags()[64].key() == "error");
  CHECK(trace.tags()[65].key() == "transaction.name");
  CHECK(trace.tags()[66].key() == "mem_delta");
  CHECK(scout::stats().dropped_tags - dropped_before == 6);
}

TEST_CASE("NaN and the infinities become null, invalid UTF-8 becomes U+FFFD, NUL survives") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"odd"};
    scout::add_context("nan", std::nan(""));
    scout::add_context("inf", std::vector<double>{HUGE_VAL, 1.5});
    scout::add_context("bad", "\xff\xc0\x80");
    scout::add_context("nul", std::string("a\0b", 3));
    scout::add_context("quote", "\"\\\n");
  }
  const auto trace = recording.traces().at(0);
  CHECK(tag_json(trace, "nan") == "null");
  CHECK(tag_json(trace, "inf") == "[null,1.5]");
  CHECK(tag_json(trace, "bad") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  CHECK(tag_json(trace, "nul") == "\"a\\u0000b\"");
  CHECK(tag_json(trace, "quote") == "\"\\\"\\\\\\n\"");
}

TEST_CASE("a value over 8 KiB is cut at a character, says by how much, and is counted") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  std::string euros;
  for (int i = 0; i < 4000; ++i) euros += "€";
  {
    scout::WebTransaction transaction{"long"};
    scout::add_context("ascii", std::string(300'000, 'x'));
    scout::add_context("euros", euros);
  }
  const auto trace = recording.traces().at(0);
  const std::string kept(8192 - 5, 'x');
  CHECK(tag_json(trace, "ascii") == "\"" + kept + "…[cut " + std::to_string(300'000 - kept.size()) + "]\"");
  const std::string_view cut = tag_json(trace, "euros");
  CHECK(cut.ends_with("€…[cut " + std::to_string(12'000 - (8192 - 5) / 3 * 3) + "]\""));
  CHECK(ledger.cut_tags() == 2);
}

TEST_CASE("a span keeps 64 tags; further ones are counted") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"tags"};
    scout::ScopedSpan span{"work"};
    for (int i = 0; i < 70; ++i) span.tag("key" + std::to_string(i), i);
  }
  CHECK(recording.traces().at(0).spans().at(1).tags().size() == 64);
  CHECK(ledger.dropped_tags() == 6);
}

TEST_CASE("an empty or over-long tag key is refused and counted") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  scout::WebTransaction transaction{"keys"};
  CHECK_FALSE(transaction.tag("", 1));
  CHECK_FALSE(transaction.tag(std::string(257, 'k'), 1));
  CHECK(transaction.tag(std::string(256, 'k'), 1));
  CHECK(ledger.dropped_tags() == 2);
}

struct Money {
  int cents;
};
void to_json(scout::TagWriter& writer, const Money& money) {
  writer.begin_object();
  writer.key("cents");
  writer.value(money.cents);
  writer.end_object();
}

TEST_CASE("a type with to_json is a value, also inside containers") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"types"};
    scout::add_context("money", std::vector<Money>{{1}, {2}});
    std::vector<std::vector<std::vector<int>>> nested{{{1}}};
    scout::add_context("nested", nested);
  }
  const auto trace = recording.traces().at(0);
  CHECK(tag_json(trace, "money") == "[{\"cents\":1},{\"cents\":2}]");
  CHECK(tag_json(trace, "nested") == "[[[1]]]");
}

enum class Plan { free, paid };
void to_json(scout::TagWriter& writer, Plan plan) {
  if (plan == Plan::free) throw 7;
  writer.text("paid");
}
struct Secret : std::string {
  using std::string::string;
};
void to_json(scout::TagWriter& writer, const Secret&) { writer.text("***"); }
enum class Level : signed char { low = -1 };
enum class Side : char { buy = 'B' };
enum class Unit { meter = 1 };
template <class Json>
void to_json(Json& json, const Unit&) {
  json = "m";  // as NLOHMANN_JSON_SERIALIZE_ENUM has it
}

TEST_CASE("to_json of an enumeration and of a string class goes before what they are, whatever the key") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"types"};
    SCOUT_CONTEXT("plan", Plan::paid);
    SCOUT_CONTEXT("secret", Secret("hunter2"));
    scout::add_context(std::string("plans"), std::vector{Plan::paid});
  }
  CHECK(matches(recording, web("types").tag("plan", "paid").tag("secret", "***")));
  CHECK(tag_json(recording.traces().at(0), "plans") == R"(["paid"])");
}

TEST_CASE("an enumeration is its number, also as a key, of characters and beside the to_json of a JSON library") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"types"};
    SCOUT_CONTEXT("side", Side::buy);
    SCOUT_CONTEXT("unit", Unit::meter);
    scout::add_context("units", std::vector{Unit::meter});
    scout::add_context("levels", std::map<Level, int>{{Level::low, 2}});
    scout::add_context("sides", std::map<Side, Level>{{Side::buy, Level::low}});
  }
  const auto trace = recording.traces().at(0);
  CHECK(tag_json(trace, "side") == "66");
  CHECK(tag_json(trace, "unit") == "1");
  CHECK(tag_json(trace, "units") == "[1]");
  CHECK(tag_json(trace, "levels") == R"({"-1":2})");
  CHECK(tag_json(trace, "sides") == R"({"66":-1})");
}

TEST_CASE("a to_json of an enumeration may throw like any other") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"throws"};
    CHECK_THROWS_AS(scout::add_context("bad", Plan::free), int);
    CHECK_THROWS_AS(scout::add_context(std::string("worse"), Plan::free), int);
    scout::add_context("good", 1);
    scout::ScopedSpan span{"after"};
  }
  CHECK(matches(recording, web("throws").no_tag("bad").no_tag("worse").tag("good", 1).children(span("Custom/after"))));
}

TEST_CASE("a throwing to_json passes its exception on, loses its tag only, and leaves recording in order") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"throws"};
    struct Range {
      std::vector<int> values{1};
      auto begin() const -> std::vector<int>::const_iterator { throw 7; }
      auto end() const { return values.end(); }
    };
    CHECK_THROWS_AS(scout::add_context("bad", Range{}), int);
    scout::add_context("good", 1);
    scout::ScopedSpan span{"after"};
  }
  CHECK(matches(recording, web("throws").no_tag("bad").tag("good", 1).children(span("Custom/after"))));
}

TEST_CASE("an ignored transaction is not sent, and counted") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  {
    scout::WebTransaction transaction{"secret"};
    scout::ScopedSpan span{"work"};
    scout::ignore_transaction();
  }
  CHECK(recording.traces().empty());
  CHECK(ledger.transactions().ignored == 1);
  CHECK(ledger.spans().ignored == 1);
}

TEST_CASE("a rename is the tag transaction.name, the last one counts, an empty one does not") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"graphql"};
    scout::rename_transaction("Controller/graphql.Users");
    scout::rename_transaction(std::string("Controller/graphql.Posts"));
    scout::rename_transaction("");
  }
  CHECK(matches(recording, web("graphql").tag("transaction.name", "Controller/graphql.Posts")));
}

TEST_CASE("mark_error is the request tag error") {
  scout::testing::Recording recording;
  {
    scout::WebTransaction transaction{"fails"};
    scout::mark_error();
  }
  CHECK(matches(recording, web("fails").tag("error", "true")));
}

TEST_CASE("more than 4,096 live transactions: the rest is refused, counted, and does not disturb the others") {
  scout::testing::Recording recording;
  LedgerChange ledger;
  std::vector<scout::WebTransaction*> live;
  for (int i = 0; i < 4100; ++i) {
    scout::Attach outside{scout::TraceContext{}};
    live.push_back(new scout::WebTransaction{scout::Operation{"Controller/one of many"}});
  }
  CHECK(ledger.transactions().live == 4096);
  for (auto* transaction : live) delete transaction;
  CHECK(recording.traces().size() == 4096);
  CHECK(ledger.transactions().dropped[scout::Reason::no_slot] == 4);
}

TEST_CASE("the id of the current transaction is that of its trace, as req-<uuid>") {
  scout::testing::Recording recording;
  CHECK_FALSE(scout::transaction_id());
  std::string text;
  {
    scout::WebTransaction transaction{"id"};
    text = scout::transaction_id().text();
  }
  CHECK(text == std::string(recording.traces().at(0).request_id().text()));
  CHECK(text.size() == 40);
  CHECK(text.starts_with("req-"));
}

TEST_SUITE_END();
