#include <scout/collect/sampler.hpp>

#include <doctest/doctest.h>

using scout::detail::Sampler;
using scout::detail::Verdict;

TEST_SUITE_BEGIN("collect/sampler");

namespace {
Verdict decide(const scout::FinalConfig& config, std::string_view operation, bool ignored = false) {
  return Sampler(1).decide(config, operation, {.ignored = ignored});
}
Verdict decide_ignored_path(const scout::FinalConfig& config, std::string_view operation) {
  return Sampler(1).decide(config, operation, {.path_ignored = true});
}
}  // namespace

TEST_CASE("nothing configured: everything is sent, but what was ignored explicitly") {
  const scout::FinalConfig config;
  CHECK(decide(config, "Controller/a") == Verdict::send);
  CHECK(decide(config, "anything") == Verdict::send);
  CHECK(decide(config, "") == Verdict::send);
  CHECK(decide(config, "Controller/a", true) == Verdict::ignored);
}

TEST_CASE("ignore lists match prefixes of the name of their kind") {
  scout::FinalConfig config;
  config.ignore = {"health"};
  config.ignore_endpoints = {"admin/"};
  config.ignore_jobs = {"tick"};
  CHECK(decide(config, "Controller/health-check") == Verdict::ignored);
  CHECK(decide(config, "Controller/admin/users") == Verdict::ignored);
  CHECK(decide(config, "Controller/administer") == Verdict::send);
  CHECK(decide(config, "Controller/tick") == Verdict::send);
  CHECK(decide(config, "Job/tick") == Verdict::ignored);
  CHECK(decide(config, "Job/health") == Verdict::send);
}

TEST_CASE("a specific rate beats the lists and the first prefix counts, an explicit ignore beats all") {
  scout::FinalConfig config;
  config.ignore_endpoints = {"users"};
  config.sample_endpoints = {{"users/show", 1.0}, {"users", 0.0}};
  CHECK(decide(config, "Controller/users/show") == Verdict::send);
  CHECK(decide(config, "Controller/users/list") == Verdict::sampled_out);
  CHECK(decide(config, "Controller/users/show", true) == Verdict::ignored);
  config.ignore_jobs = {"tick"};
  config.sample_jobs = {{"tick/hourly", 1.0}, {"tick", 0.0}};
  CHECK(decide(config, "Job/tick/hourly") == Verdict::send);
  CHECK(decide(config, "Job/tick/daily") == Verdict::sampled_out);
  CHECK(decide(config, "Job/tick/hourly", true) == Verdict::ignored);
}

TEST_CASE("a path that is ignored is as good as a list: only a specific rate beats it") {
  scout::FinalConfig config;
  config.sample_endpoints = {{"users/show", 1.0}};
  config.endpoint_sample_rate = 1;
  CHECK(decide_ignored_path(config, "Controller/users/show") == Verdict::send);
  CHECK(decide_ignored_path(config, "Controller/users/list") == Verdict::ignored);
  CHECK(decide_ignored_path(config, "Job/users") == Verdict::ignored);
  CHECK(decide_ignored_path(config, "Controller/") == Verdict::ignored);
}

TEST_CASE("the rate of the kind comes before the general one, which also serves other operations") {
  scout::FinalConfig config;
  config.sample_rate = 0;
  config.job_sample_rate = 1;
  CHECK(decide(config, "Controller/a") == Verdict::sampled_out);
  CHECK(decide(config, "Job/a") == Verdict::send);
  CHECK(decide(config, "Job/") == Verdict::sampled_out);
  CHECK(decide(config, "Custom/a") == Verdict::sampled_out);
}

TEST_CASE("rate 0 never sends, 1 always, and a half about half") {
  scout::FinalConfig config;
  Sampler sampler(42);
  int sent = 0;
  config.sample_rate = 0.5;
  for (int i = 0; i < 10'000; ++i) sent += sampler.decide(config, "Job/a", {}) == Verdict::send;
  CHECK(sent > 4'700);
  CHECK(sent < 5'300);
  for (const double rate : {0.0, 1.0}) {
    config.sample_rate = rate;
    for (int i = 0; i < 10'000; ++i) REQUIRE((sampler.decide(config, "Job/a", {}) == Verdict::send) == (rate == 1));
  }
}

TEST_SUITE_END();
