// A program that uses every macro wherever a program may: compiled with SCOUT_DISABLE it must be, byte for byte, the one that
// compiled_out.py makes of it by taking the macros and the include away. At most one macro a line.
#include <scout/scout.hpp>

#include <coroutine>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Row {
  int id;
  std::string name;
  std::optional<double> price;
};

struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};
struct Ready {
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return 42; }
};

enum class Plan { free, paid };

struct Money {
  int cents;
};
[[maybe_unused]] void to_json(auto& writer, const Money& money) {
  writer.begin_array();
  writer.value(money.cents);
  writer.end_array();
}

class Database {
 public:
  explicit Database(int rows) {
    SCOUT_INSTRUMENT("open", "SQL");
    for (int id = 0; id < rows; ++id) {
      rows_.push_back({id, "row " + std::to_string(id), id % 3 ? std::optional<double>(id * 1.5) : std::nullopt});
      SCOUT_TAG("rows", rows_.size());
    }
  }
  ~Database() { SCOUT_INSTRUMENT("close", "SQL"); }

  const Row* find(int id) const noexcept {
    SCOUT_INSTRUMENT_FUNCTION();
    const auto is_it = [id](const Row& row) {
      SCOUT_INSTRUMENT("compare");
      SCOUT_TAG("id", row.id);
      return row.id == id;
    };
    for (const Row& row : rows_) {
      if (is_it(row)) return &row;
    }
    SCOUT_TAG("missing", id);
    return nullptr;
  }

  template <class Visitor>
  void visit(Visitor visitor) const {
    SCOUT_INSTRUMENT("visit");
    for (const auto& [id, name, price] : rows_) {
      SCOUT_TAG("price", price);
      visit_one(visitor, id, name);
    }
  }

 private:
  template <class Visitor>
  static void visit_one(Visitor& visitor, int id, const std::string& name) {
    SCOUT_INSTRUMENT_FUNCTION();
    SCOUT_TAG("name", name);
    visitor(id, name);
  }

  std::vector<Row> rows_;
};

int evaluations = 0;
std::map<std::string, int> visits() { return {{"today", 1}, {"ever", ++evaluations}}; }

Task asynchronous(int& result) {
  SCOUT_INSTRUMENT("asynchronous");
  SCOUT_TAG("awaited", co_await Ready{});
  result += co_await Ready{};
  SCOUT_TAG("result", result);
}

std::size_t show(const Database& database, int id, Plan plan) {
  SCOUT_WEB_TRANSACTION("rows/show");
  SCOUT_CONTEXT("plan", plan);
  SCOUT_CONTEXT("visits", visits());
  SCOUT_CONTEXT("label", "plan " + std::to_string(static_cast<int>(plan)));
  SCOUT_CONTEXT("price", Money{100 * id});
  SCOUT_TAG("null", nullptr);
  if (plan == Plan::free)
    SCOUT_TAG("free", true);
  else
    SCOUT_TAG("free", false);
  const Row* const row = database.find(id);
  switch (id % 3) {
    case 0: {
      SCOUT_INSTRUMENT("third");
      break;
    }
    default: SCOUT_TAG("not a third", id);
  }
  if (row == nullptr) {
    SCOUT_IGNORE_TRANSACTION();
    throw std::out_of_range("no such row");
  }
  const char* const new_name = row->price ? "Controller/rows/show_priced" : "Controller/rows/show";
  SCOUT_RENAME_TRANSACTION(new_name);
  static std::size_t total = 0;
  database.visit([&](int, const std::string& name) {
    SCOUT_INSTRUMENT("sum");
    total += name.size() + std::strlen(new_name);
    SCOUT_TAG("total", total);
  });
  return total;
}

}  // namespace

int main(int count, char**) {
  SCOUT_BACKGROUND_TRANSACTION("everything");
  const Database database(count + 5);
  std::size_t total = 0;
  int awaited = 0;
  for (int id = 0; id < 8; ++id) {
    SCOUT_INSTRUMENT("request");
    try {
      total += show(database, id, id % 2 ? Plan::paid : Plan::free);
    } catch (const std::out_of_range& error) {
      SCOUT_TAG("error", error.what());
      ++total;
    }
    asynchronous(awaited);
  }
  std::printf("%zu %d %d %zu\n", total, awaited, evaluations, visits().size());
}
