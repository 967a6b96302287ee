#include "steps.hpp"

#include <scout/web/job_queue_time.hpp>
#include <scout/web/request.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "async_steps.hpp"
#include "explicit_spans.hpp"
#include "http_step.hpp"
#include "library_steps.hpp"
#include "scenario_value.hpp"

namespace conformance {
namespace {

using Perform = void(element, const Run&);

std::string_view name_of(element step) { return get_or<std::string_view>(step, "name", ""); }

void perform_body(element step, const Run& run) {
  if (const auto body = find(step, "body")) perform(as<array>(*body, "body"), run);
}

// `tag` is called with each key and value of the step's tags.
template <class Tag>
void apply_tags(element step, Tag tag) {
  const auto tags = find(step, "tags");
  if (!tags || tags->is_null()) return;
  for (const auto member : as<object>(*tags, "tags")) {
    if (is_taggable({member.value})) tag(scout::TagKey(member.key), Value{member.value});
  }
}

void install(element, const Run& run) { scout::install(run.config); }

template <class Transaction>
void transaction_scope(element step, const Run& run) {
  Transaction transaction(name_of(step));
  apply_tags(step, [&](scout::TagKey key, Value value) { transaction.tag(key, value); });
  perform_body(step, run);
}
template <class Transaction>
void transaction_start(element step, const Run&) {
  Transaction::start(name_of(step));
  apply_tags(step, [](scout::TagKey key, Value value) { scout::add_context(key, value); });
}
template <class Transaction>
void transaction_stop(element, const Run&) {
  Transaction::stop();
}

void span_scope(element step, const Run& run) {
  scout::ScopedSpan span(name_of(step), get_or<std::string_view>(step, "kind", "Custom"));
  apply_tags(step, [&](scout::TagKey key, Value value) { span.tag(key, value); });
  const ExplicitSpans::Scope scope(ExplicitSpans::of_thread());
  perform_body(step, run);
}
void span_start(element step, const Run&) {
  scout::SpanOptions options;
  options.ignore = get_or(step, "ignore", false);
  options.ignore_children = get_or(step, "ignore_children", false);
  options.capture_backtrace = get_or(step, "backtrace", true);
  ExplicitSpans::of_thread().start(get<std::string_view>(step, "operation"), options);
}
void span_stop(element, const Run&) { ExplicitSpans::of_thread().stop(); }
void span_tag(element step, const Run&) {
  const Value value{get(step, "value")};
  if (is_taggable(value)) ExplicitSpans::of_thread().tag_current(get<std::string_view>(step, "key"), value);
}

void context_add(element step, const Run&) {
  const Value value{get(step, "value")};
  if (is_taggable(value)) scout::add_context(get<std::string_view>(step, "key"), value);
}
void ignore(element, const Run&) { scout::ignore_transaction(); }
void rename(element step, const Run&) { scout::rename_transaction(name_of(step)); }

void throw_error(element step, const Run&) { throw ScenarioError(std::string(get_or<std::string_view>(step, "message", ""))); }
void catch_errors(element step, const Run& run) {
  try {
    perform_body(step, run);
  } catch (const ScenarioError&) {
  }
}

void sleep(element step, const Run&) {
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(get<double>(step, "ms")));
}
void repeat(element step, const Run& run) {
  for (auto times = get<std::uint64_t>(step, "times"); times > 0; --times) perform_body(step, run);
}
void threads(element step, const Run& run) {
  const bool serial = get_or(step, "serial", false);
  std::vector<std::thread> running;
  const auto bodies = get<array>(step, "bodies");
  std::vector<std::exception_ptr> errors(bodies.size());
  std::size_t number = 0;
  for (const element body : bodies) {
    running.emplace_back([&run, body, &error = errors[number++]] {
      try {
        perform(as<array>(body, "bodies"), run);
      } catch (const ScenarioError&) {  // ends its thread
      } catch (...) {
        error = std::current_exception();
      }
    });
    if (serial) running.back().join();
  }
  for (std::thread& thread : running) {
    if (thread.joinable()) thread.join();
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void decorated(element step, const Run& run) {
  const auto kind = get_or<std::string_view>(step, "kind", "span");
  const std::string name(name_of(step));
  const auto times = get_or(step, "times", std::uint64_t{1});
  const auto body = [&] { perform_body(step, run); };
  const auto span = scout::instrument(name, body);
  for (std::uint64_t call = 0; call < times; ++call) {
    if (kind == "span") {
      span();
    } else if (kind == "web") {
      transaction_scope<scout::WebTransaction>(step, run);
    } else if (kind == "job") {
      transaction_scope<scout::BackgroundTransaction>(step, run);
    } else {
      throw Malformed(fmt::format("'{}' is no kind of decorator", kind));
    }
  }
}

void queue_header(element step, const Run&) {
  const std::string header = text_of({get(step, "value")});
  scout::web::tag_queue_time(header);
}
void job_queued_at(element step, const Run&) {
  std::visit(
      [](const auto& moment) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(moment)>, std::monostate>) scout::web::tag_job_queue_time(moment);
      },
      moment_of({get(step, "value")}));
}

void http_request(element step, const Run&) { perform_http_request(step); }

#if defined(CONFORMANCE_WITH_SQLITE3)
void sql(element step, const Run&) { perform_sql(step); }
#else
constexpr Perform* sql = nullptr;
#endif
#if defined(CONFORMANCE_WITH_CURL)
void http_client(element step, const Run&) { perform_http_client(step); }
#else
constexpr Perform* http_client = nullptr;
#endif
[[noreturn]] void process_exit(element, const Run&) { std::exit(0); }

struct Step {
  std::string_view name;
  Perform* perform;  // null: needs a library
};
constexpr Step steps[] = {
    {"install", install},
    {"web.scope", transaction_scope<scout::WebTransaction>},
    {"web.start", transaction_start<scout::WebTransaction>},
    {"web.stop", transaction_stop<scout::WebTransaction>},
    {"job.scope", transaction_scope<scout::BackgroundTransaction>},
    {"job.start", transaction_start<scout::BackgroundTransaction>},
    {"job.stop", transaction_stop<scout::BackgroundTransaction>},
    {"span.scope", span_scope},
    {"span.start", span_start},
    {"span.stop", span_stop},
    {"span.tag", span_tag},
    {"context.add", context_add},
    {"ignore", ignore},
    {"rename", rename},
    {"throw", throw_error},
    {"catch", catch_errors},
    {"sleep", sleep},
    {"repeat", repeat},
    {"threads", threads},
    {"decorated", decorated},
    {"queue.header", queue_header},
    {"job.queued_at", job_queued_at},
    {"http.request", http_request},
    {"process.exit", process_exit},
    {"sql", sql},
    {"redis", nullptr},
    {"http.client", http_client},
    {"template", nullptr},
    {"celery.apply", nullptr},
    {"async", perform_async},
    {"async.web", perform_async},
    {"async.job", perform_async},
    {"async.span", perform_async},
    {"async.sleep", perform_async},
    {"async.gather", perform_async},
    {"error.capture", nullptr},
    {"node", nullptr},
};

const Step& step_named(std::string_view name) {
  for (const Step& step : steps) {
    if (step.name == name) return step;
  }
  throw Malformed(fmt::format("'{}' is no step", name));
}

std::string needed_by(element step) {
  const Step& known = step_named(get<std::string_view>(step, "op"));
  if (known.perform == nullptr) return std::string(known.name);
  if (find(step, "template")) return "template";
  if (const auto body = find(step, "body")) {
    if (auto needed = step_that_needs_a_library(as<array>(*body, "body")); !needed.empty()) return needed;
  }
  if (const auto bodies = find(step, "bodies")) {
    for (const element body : as<array>(*bodies, "bodies")) {
      if (auto needed = step_that_needs_a_library(as<array>(body, "bodies")); !needed.empty()) return needed;
    }
  }
  return "";
}

}  // namespace

std::string step_that_needs_a_library(array list) {
  for (const element step : list) {
    if (auto needed = needed_by(step); !needed.empty()) return needed;
  }
  return "";
}

void perform_step(element step, const Run& run) { step_named(get<std::string_view>(step, "op")).perform(step, run); }

void perform(array list, const Run& run) {
  for (const element step : list) perform_step(step, run);
}

}  // namespace conformance
