#include <scout/web/trace_parent.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using scout::web::parse_trace_parent, scout::web::parse_trace_state, scout::web::TraceParent;

namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331";
const std::string valid = "00-" + trace + '-' + parent + "-01";

bool is_invalid(const std::string& text) { return !parse_trace_parent(text); }

std::string passed_on(std::string_view header) {
  const auto state = parse_trace_state(header);
  return state ? std::string(state->text()) : "invalid";
}

}  // namespace

TEST_SUITE_BEGIN("web/trace_parent");

TEST_CASE("a traceparent is read to its last bit, and written as it was read") {
  constexpr auto read = parse_trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  static_assert(read == TraceParent{0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true, false});
  CHECK(std::string_view(read->text()) == valid);
  CHECK(std::string_view(TraceParent{1, 2, 3, false, true}.text()) == "00-00000000000000010000000000000002-0000000000000003-02");
  CHECK(parse_trace_parent(" \t" + valid + "\t ") == read);
}

TEST_CASE("flags: sampled and, of level 2, random; the others are not passed on") {
  const auto with_flags = [](const char* flags) {
    return parse_trace_parent("00-" + trace + '-' + parent + '-' + flags).value();
  };
  CHECK_FALSE(with_flags("00").sampled);
  CHECK(with_flags("02") == TraceParent{0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, false, true});
  CHECK(with_flags("03").sampled);
  CHECK(std::string_view(with_flags("ff").text()).ends_with("-03"));
  CHECK(std::string_view(with_flags("fc").text()).ends_with("-00"));
}

TEST_CASE("a later version is read as far as version 00 goes, and passed on as that") {
  for (const std::string version : {"01", "cc", "fe"}) {
    const std::string text = version + valid.substr(2);
    CHECK(std::string_view(parse_trace_parent(text).value().text()) == valid);
    CHECK(std::string_view(parse_trace_parent(text + "-what-the-future-will-be-like").value().text()) == valid);
    CHECK(parse_trace_parent(text + "-").has_value());
    CHECK(is_invalid(text + ".what"));
    CHECK(is_invalid(text + "0"));
  }
  CHECK(is_invalid("ff" + valid.substr(2)));
  CHECK(is_invalid(valid + "-01"));
  CHECK(is_invalid(valid + "-"));
  CHECK(is_invalid(valid + "."));
}

TEST_CASE("what is malformed is none: wrong characters, lengths and separators, upper case, zeros") {
  CHECK(is_invalid(""));
  CHECK(is_invalid(" "));
  for (std::size_t size = 0; size < valid.size(); ++size) CHECK(is_invalid(valid.substr(0, size)));
  for (std::size_t at = 0; at < valid.size(); ++at) {
    for (const char c : {'g', 'A', 'F', ' ', '.', '\0', '\x80', '+', '-', '_'}) {
      if (valid[at] == c) continue;
      std::string text = valid;
      text[at] = c;
      INFO(text);
      CHECK(is_invalid(text));
    }
  }
  CHECK(is_invalid("00-" + std::string(32, '0') + '-' + parent + "-01"));
  CHECK(is_invalid("00-" + trace + '-' + std::string(16, '0') + "-01"));
  CHECK(is_invalid("00-" + trace.substr(1) + '-' + parent + "-01"));
  CHECK(is_invalid("00-" + trace + "0-" + parent + "-01"));
  CHECK(is_invalid("00-" + trace + '-' + parent.substr(1) + "-01"));
  CHECK(is_invalid("00-" + trace + '-' + parent + "0-01"));
  CHECK(is_invalid("0-" + trace + '-' + parent + "-01"));
  CHECK(is_invalid("000-" + trace + '-' + parent + "-01"));
  CHECK(is_invalid("00-" + trace + '-' + parent + "-1"));
  CHECK(is_invalid(valid + ',' + valid));  // sent twice
}

TEST_CASE("a tracestate is passed on in its order, without blanks around members and without empty ones") {
  CHECK(passed_on("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE") == "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  CHECK(passed_on(" a=1 \t,\t b=2 ,, c=3,") == "a=1,b=2,c=3");
  CHECK(passed_on("a=a value with  blanks!~") == "a=a value with  blanks!~");
  CHECK(passed_on("") == "");
  CHECK(passed_on(" , ,") == "");
  CHECK(passed_on("fw529a3039@dt=1,a-b*c/d_9=2") == "fw529a3039@dt=1,a-b*c/d_9=2");
  CHECK(passed_on("0a=1") == "0a=1");  // level 2
}

TEST_CASE("a tracestate is none with a bad key, a bad value, a key twice or more than 32 members") {
  for (const char* bad : {"a", "a=", "=1", "A=1", "_a=1", "@a=1", "a b=1", "a =1", "a=1=2", "a=\x7f", "a=\x1f", "a=\xc3\xa9",
                          "\xc3\xa9=1", "a=1,a=2", "a=1,b=2,a=1", "a=1;b=2,c", "a=1,b=\t2"}) {
    INFO(bad);
    CHECK(passed_on(bad) == "invalid");
  }
  CHECK(passed_on("a= 1") == "a= 1");
  CHECK(passed_on(std::string(256, 'k') + "=1") == std::string(256, 'k') + "=1");
  CHECK(passed_on(std::string(257, 'k') + "=1") == "invalid");
  CHECK(passed_on("k=" + std::string(256, 'v')) == "k=" + std::string(256, 'v'));
  CHECK(passed_on("k=" + std::string(257, 'v')) == "invalid");
  std::string members;
  for (int i = 0; i < 32; ++i) members += (i == 0 ? "k" : ",k") + std::to_string(i) + "=1";
  CHECK(passed_on(members) == members);
  CHECK(passed_on(members + ",k32=1") == "invalid");
}

TEST_CASE("of a tracestate that is too long, long members go first, then the last ones") {
  const std::string small = "a=1", large = "b=" + std::string(200, 'x'), huge = "c=" + std::string(256, 'y');
  CHECK(passed_on(small + ',' + large + ',' + huge) == small + ',' + large + ',' + huge);
  CHECK(passed_on(large + ',' + huge + ",d=" + std::string(60, 'z') + ',' + small) ==
        huge + ",d=" + std::string(60, 'z') + ',' + small);
  std::string many, kept;
  for (int i = 0; i < 20; ++i) {
    many += (i == 0 ? "k" : ",k") + std::to_string(i) + '=' + std::string(50, 'v');
    if (many.size() <= scout::web::longest_trace_state) kept = many;
  }
  CHECK(passed_on(many) == kept);
}

TEST_SUITE_END();
