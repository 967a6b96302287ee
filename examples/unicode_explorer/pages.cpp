#include "pages.hpp"

#include <fmt/format.h>
#include <scout/integrations/curl.hpp>
#include <scout/integrations/httplib.hpp>
#include <scout/scout.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "database.hpp"

namespace explorer {
namespace {

using httplib::Request, httplib::Response;

std::string database_path;

Database& database() {
  thread_local Database connection{database_path};
  return connection;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string list_item(std::int64_t code, const std::string& name) {
  return fmt::format("<li><a href=\"/characters/{0:04X}\">U+{0:04X}</a> &#{0}; {1}\n", code, escaped(name));
}

void send_page(Response& response, const std::string& title, const std::string& body) {
  SCOUT_INSTRUMENT("page", "Template");
  response.set_content(
      fmt::format("<!doctype html><meta charset=utf-8><title>{0}</title><h1>{0}</h1>\n{1}", escaped(title), body), "text/html");
}

void send_not_found(Response& response, const std::string& what) {
  response.status = 404;
  send_page(response, "Not found", escaped(what));
}

void home(const Request&, Response& response) {
  std::string body = "<form action=/search><input name=q> <button>Search</button></form>\n<ul>\n";
  Statement blocks = database().prepare("SELECT name FROM blocks ORDER BY first");
  while (blocks.step()) body += fmt::format("<li><a href=\"/blocks/{0}\">{0}</a>\n", escaped(blocks.text(0)));
  send_page(response, "Unicode", body + "</ul>");
}

void search(const Request& request, Response& response) {
  const std::string words = request.get_param_value("q");
  Statement found = database().prepare("SELECT code, name FROM characters WHERE name LIKE '%' || ? || '%' LIMIT 100");
  found.bind(1, words);
  std::string body = "<ul>\n";
  int rows = 0;
  for (; found.step(); ++rows) body += list_item(found.number(0), found.text(1));
  scout::add_context("rows", rows);
  send_page(response, "Search: " + words, body + "</ul>");
}

void character(const Request& request, Response& response) {
  const std::int64_t code = std::strtoll(request.matches[1].str().c_str(), nullptr, 16);
  Statement found = database().prepare("SELECT name, category FROM characters WHERE code = ?");
  if (!found.bind(1, code).step()) return send_not_found(response, request.matches[1]);
  Statement block = database().prepare("SELECT name FROM blocks WHERE ? BETWEEN first AND last");
  const std::string block_name = block.bind(1, code).step() ? block.text(0) : "no block";
  send_page(response, fmt::format("U+{:04X}", code),
            fmt::format("<p style=\"font-size: 5em\">&#{};<p>{}<p>{}, {}", code, escaped(found.text(0)), found.text(1),
                        escaped(block_name)));
}

struct Block {
  std::int64_t first = 0, last = -1;
};

Block find_block(const std::string& name) {
  Statement found = database().prepare("SELECT first, last FROM blocks WHERE name = ?");
  return found.bind(1, name).step() ? Block{found.number(0), found.number(1)} : Block{};
}

void block(const Request& request, Response& response) {
  const std::string name = request.matches[1];
  const Block range = find_block(name);
  if (range.last < 0) return send_not_found(response, name);
  Statement found = database().prepare("SELECT code, name FROM characters WHERE code BETWEEN ? AND ?");
  found.bind(1, range.first).bind(2, range.last);
  std::string body = "<ul>\n";
  while (found.step()) body += list_item(found.number(0), found.text(1));
  send_page(response, name, body + "</ul>");
}

// The same page as a beginner writes it: one query for the list, and then one more for each of its rows.
void block_with_one_query_per_row(const Request& request, Response& response) {
  const std::string name = request.matches[1];
  const Block range = find_block(name);
  if (range.last < 0) return send_not_found(response, name);
  Statement codes = database().prepare("SELECT code FROM characters WHERE code BETWEEN ? AND ?");
  codes.bind(1, range.first).bind(2, range.last);
  std::string body = "<ul>\n";
  int rows = 0;
  for (; codes.step(); ++rows) {
    Statement found = database().prepare("SELECT name FROM characters WHERE code = ?");
    found.bind(1, codes.number(0)).step();
    body += list_item(codes.number(0), found.text(0));
  }
  scout::add_context("rows", rows);
  send_page(response, name, body + "</ul>");
}

// Counts on several threads at once; what they record belongs to this request.
void categories(const Request&, Response& response) {
  constexpr int workers = 4, last_code = 0x10ffff;
  std::map<std::string, std::int64_t> counts;
  std::mutex mutex;
  {
    SCOUT_INSTRUMENT("count in parallel");
    std::vector<std::thread> threads;
    for (int i = 0; i < workers; ++i) {
      threads.emplace_back(scout::bind([&, i] {
        SCOUT_INSTRUMENT("count a part");
        SCOUT_TAG("part", i);
        Statement part =
            database().prepare("SELECT category, count(*) FROM characters WHERE code % ? = ? AND code <= ? GROUP BY category");
        part.bind(1, workers).bind(2, i).bind(3, last_code);
        while (part.step()) {
          const std::lock_guard lock{mutex};
          counts[part.text(0)] += part.number(1);
        }
      }));
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::string body = "<table>\n";
  for (const auto& [category, count] : counts) body += fmt::format("<tr><td>{}<td>{}\n", category, count);
  send_page(response, "Categories", body + "</table>");
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

std::string find_name(std::int64_t code) {
  Statement found = database().prepare("SELECT name FROM characters WHERE code = ?");
  return found.bind(1, code).step() ? found.text(0) : "";
}

// Slow: compares the name with every other one.
void similar(const Request& request, Response& response) {
  const std::int64_t code = std::strtoll(request.matches[1].str().c_str(), nullptr, 16);
  const std::string name = find_name(code);
  if (name.empty()) return send_not_found(response, request.matches[1]);

  struct Candidate {
    std::size_t distance;
    std::int64_t code;
    std::string name;
  };
  std::vector<Candidate> candidates;
  {
    SCOUT_INSTRUMENT("load all names");
    Statement all = database().prepare("SELECT code, name FROM characters WHERE code <> ?");
    all.bind(1, code);
    while (all.step()) candidates.push_back({0, all.number(0), all.text(1)});
  }
  {
    SCOUT_INSTRUMENT("compare names");
    SCOUT_TAG("names", candidates.size());
    for (Candidate& candidate : candidates) candidate.distance = edit_distance(name, candidate.name);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; });
  }
  std::string body = "<ul>\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(20, candidates.size()); ++i)
    body += list_item(candidates[i].code, candidates[i].name);
  send_page(response, "Similar to " + name, body + "</ul>");
}

// The page of a character, from another service; here that is this one again.
std::string fetch(const Request& request, const std::string& code) {
  const std::string url = fmt::format("http://{}:{}/characters/{}", request.local_addr, request.local_port, code);
  std::string page;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{curl_easy_init(), &curl_easy_cleanup};
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &page);
  curl_easy_setopt(
      handle.get(), CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t size, std::size_t count, void* into) {
        static_cast<std::string*>(into)->append(data, size * count);
        return size * count;
      });
  return scout::curl_perform(handle.get()) == CURLE_OK ? page : "";
}

// Asks another service for each of two characters, one after the other.
void compare(const Request& request, Response& response) {
  std::string body;
  for (const char* parameter : {"a", "b"}) {
    const std::string code = request.get_param_value(parameter);
    const bool is_code =
        code.size() >= 4 && code.size() <= 6 && code.find_first_not_of("0123456789ABCDEFabcdef") == std::string::npos;
    if (!is_code) return send_not_found(response, code);
    body += fetch(request, code);
  }
  send_page(response, "Two characters", body);
}

// Fails: a mistake in the statement, found only when it runs.
void statistics(const Request&, Response& response) {
  Statement counts = database().prepare("SELECT category, count FROM statistics");
  std::string body = "<ul>\n";
  while (counts.step()) body += fmt::format("<li>{} {}\n", counts.text(0), counts.number(1));
  send_page(response, "Statistics", body + "</ul>");
}

}  // namespace

void add_pages(httplib::Server& server, const std::string& path) {
  database_path = path;
  scout::instrument(server)
      .Get("/", home)
      .Get("/search", search)
      .Get("/categories", categories)
      .Get("/statistics", statistics)
      .Get("/compare", compare);
  server.Get(R"(/characters/([0-9A-Fa-f]{4,6}))", scout::traced_route("GET /characters/:code", character));
  server.Get(R"(/characters/([0-9A-Fa-f]{4,6})/similar)", scout::traced_route("GET /characters/:code/similar", similar));
  server.Get(R"(/blocks/([^/]+))", scout::traced_route("GET /blocks/:name", block));
  server.Get(R"(/blocks/([^/]+)/row-by-row)", scout::traced_route("GET /blocks/:name/row-by-row", block_with_one_query_per_row));
}

void refresh_statistics(const std::string& path) {
  SCOUT_BACKGROUND_TRANSACTION("refresh statistics");
  Database own{path};
  own.run("INSERT OR REPLACE INTO statistics SELECT category, count(*) FROM characters GROUP BY category");
}

}  // namespace explorer
