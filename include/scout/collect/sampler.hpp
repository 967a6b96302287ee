#ifndef SCOUT_COLLECT_SAMPLER_HPP
#define SCOUT_COLLECT_SAMPLER_HPP

// Whether a finished transaction is sent, decided by its outermost operation. The order of the rules is that of Scout's
// Python agent, but an explicit ignore always wins, and a specific rate beats only the ignore lists.

#include <cstdint>
#include <string_view>

#include "../config/final_config.hpp"
#include "../core/identity.hpp"

namespace scout::inline v0::detail {

enum class Verdict { send, sampled_out, ignored };

class Sampler {
 public:
  explicit Sampler(std::uint64_t seed) noexcept : state_(seed) {}

  // How a transaction was marked while it ran: by its path, which is as good as a list, or by the application.
  struct Marks {
    bool ignored = false, path_ignored = false;
  };
  Verdict decide(const FinalConfig& config, std::string_view operation, Marks marks) noexcept {
    if (marks.ignored) return Verdict::ignored;
    constexpr std::string_view web = "Controller/", job = "Job/";
    if (operation.starts_with(web) && operation.size() > web.size()) {
      const std::string_view name = operation.substr(web.size());
      if (const double* rate = specific(config.sample_endpoints, name)) return draw(*rate);
      if (marks.path_ignored || listed(config.ignore, name) || listed(config.ignore_endpoints, name)) return Verdict::ignored;
      return draw(config.endpoint_sample_rate.value_or(config.sample_rate));
    }
    if (operation.starts_with(job) && operation.size() > job.size()) {
      const std::string_view name = operation.substr(job.size());
      if (const double* rate = specific(config.sample_jobs, name)) return draw(*rate);
      if (marks.path_ignored || listed(config.ignore_jobs, name)) return Verdict::ignored;
      return draw(config.job_sample_rate.value_or(config.sample_rate));
    }
    return marks.path_ignored ? Verdict::ignored : draw(config.sample_rate);
  }

 private:
  static const double* specific(const Rates& rates, std::string_view name) noexcept {
    for (const auto& [prefix, rate] : rates) {
      if (name.starts_with(prefix)) return &rate;
    }
    return nullptr;
  }
  static bool listed(const std::vector<std::string>& prefixes, std::string_view name) noexcept {
    for (const auto& prefix : prefixes) {
      if (name.starts_with(prefix)) return true;
    }
    return false;
  }
  // 0 never sends, 1 always.
  Verdict draw(double rate) noexcept {
    if (rate >= 1) return Verdict::send;
    state_ += 0x9e3779b97f4a7c15u;
    const double uniform = static_cast<double>(mixed(state_) >> 11) * 0x1p-53;  // [0, 1)
    return uniform < rate ? Verdict::send : Verdict::sampled_out;
  }

  std::uint64_t state_;
};

}  // namespace scout::inline v0::detail

#endif
