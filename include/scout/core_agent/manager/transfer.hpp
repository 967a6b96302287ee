#ifndef SCOUT_CORE_AGENT_MANAGER_TRANSFER_HPP
#define SCOUT_CORE_AGENT_MANAGER_TRANSFER_HPP

// Downloads a file, by libcurl: over https with the server's certificate checked, from a file: URL, or over http from this
// machine (from elsewhere when the configuration says so). Every redirection is judged anew. The calling thread waits.

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../../config/shown_url.hpp"
#include "../../core/expected.hpp"
#include "../../version.hpp"
#include "descriptor.hpp"
#include "inherited_variables.hpp"
#include "stop_signal.hpp"

namespace scout::inline v0 {

using TransferProgress = std::function<void(std::uint64_t received, std::uint64_t total)>;  // bytes; total 0: unknown

// How a download is done.
struct TransferOptions {
  std::chrono::seconds patience{10};  // with a connection, and with less than 1 KiB/s
  bool allow_http = false;            // from anywhere
  bool only_ask = false;              // whether it is there
  TransferProgress progress = {};     // called now and then, on the thread that downloads
};

namespace detail {

inline constexpr std::uint64_t max_archive_size = std::uint64_t{128} << 20;
inline constexpr long max_transfer_seconds = 600;
inline constexpr int max_redirections = 5;

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

inline std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

inline bool is_loopback_host(std::string_view host) noexcept {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

// `previous_scheme`: of the URL that led here, or empty. The scheme, if it may be used.
inline Expected<std::string> check_url(const std::string& text, std::string_view previous_scheme, bool allow_http) {
  const auto refuse = [&](std::string_view why) { return Error{ErrorCode::refused, shown_url(text) + ": " + std::string(why)}; };
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return refuse("this is no URL");
  std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  const bool redirected = !previous_scheme.empty();
  if (scheme == "https" || (scheme == "file" && !redirected)) return scheme;
  if (scheme != "http") return refuse(redirected ? "a redirection to there is not followed" : "only https: and file: are used");
  if (allow_http) return scheme;
  if (previous_scheme == "https") return refuse("a redirection from https to http is not followed");
  if (is_loopback_host(url_part(url.get(), CURLUPART_HOST))) return scheme;
  return refuse("http: is used from this machine only (download_allow_http)");
}

class Transfer {
 public:
  Transfer(int file, std::string path, const TransferOptions& options, const InheritedVariables& variables,
           const StopSignal& stop)
      : file_(file), path_(std::move(path)), options_(options), variables_(variables), stop_(stop) {}

  Expected<void> run(std::string url) {
    std::string scheme;
    for (int redirections = 0; redirections <= max_redirections; ++redirections) {
      auto allowed = check_url(url, scheme, options_.allow_http);
      if (!allowed) return allowed.error();
      scheme = std::move(*allowed);
      auto next = fetch(url, scheme);
      if (!next) return next.error();
      if (next->empty()) return {};
      url = std::move(*next);
    }
    return Error{ErrorCode::protocol, shown_url(url) + ": too many redirections"};
  }

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct FreeMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  // Where it redirects to; empty: the file is there.
  Expected<std::string> fetch(const std::string& url, const std::string& scheme) {
    const auto failed = [&](ErrorCode code, std::string_view why) {
      return Error{code, shown_url(url) + ": " + std::string(why)};
    };
    const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
    const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
    if (multi == nullptr || easy == nullptr) return failed(ErrorCode::file, "no memory");
    char message[CURL_ERROR_SIZE] = {};
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, message);
    set_options(easy.get(), url, scheme);
    received_ = 0;
    problem_ = {};
    curl_multi_add_handle(multi.get(), easy.get());
    const CURLcode result = perform(multi.get());
    curl_multi_remove_handle(multi.get(), easy.get());
    if (stop_.raised()) return StopSignal::error();
    if (!problem_) return problem_.error();
    if (result != CURLE_OK) {
      const bool slow = result == CURLE_OPERATION_TIMEDOUT;
      return failed(slow ? ErrorCode::timed_out : ErrorCode::unreachable,
                    *message != '\0' ? message : curl_easy_strerror(result));
    }
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    const char* redirection = nullptr;
    curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &redirection);
    if (redirection != nullptr) return std::string(redirection);
    if (status != 200 && scheme != "file") return failed(ErrorCode::refused, "HTTP status " + std::to_string(status));
    return std::string();
  }

  void set_options(CURL* easy, const std::string& url, const std::string& scheme) {
    const long patience = options_.patience.count();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme.c_str());
    curl_easy_setopt(easy, CURLOPT_NOBODY, options_.only_ask ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "scout-cpp/" SCOUT_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, patience);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, patience);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, max_transfer_seconds);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for the resolver
#endif
    // Set in any case, so that curl does not ask the environment.
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy(scheme).c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, variable("no_proxy", "NO_PROXY").c_str());
    if (const auto file = variables_.find("SSL_CERT_FILE"); !file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, file.c_str());
    if (const auto folder = variables_.find("SSL_CERT_DIR"); !folder.empty())
      curl_easy_setopt(easy, CURLOPT_CAPATH, folder.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, static_cast<curl_write_callback>(write));
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, static_cast<curl_xferinfo_callback>(report));
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
    easy_ = easy;
  }

  std::string variable(std::string_view name, std::string_view other) const {
    auto value = variables_.find(name);
    return value.empty() ? variables_.find(other) : value;
  }
  // None for http: that is good because it does not leave this machine.
  std::string proxy(std::string_view scheme) const {
    if (scheme == "http" && !options_.allow_http) return {};
    auto value = scheme == "https" ? variable("https_proxy", "HTTPS_PROXY") : variables_.find("http_proxy");
    return value.empty() ? variable("all_proxy", "ALL_PROXY") : value;
  }

  CURLcode perform(CURLM* multi) const {
    for (int running = 1; running != 0 && !stop_.raised();) {
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
      if (running != 0) curl_multi_poll(multi, nullptr, 0, static_cast<int>(StopSignal::poll_interval.count()), nullptr);
    }
    int left = 0;
    const CURLMsg* const done = curl_multi_info_read(multi, &left);
    return done != nullptr && done->msg == CURLMSG_DONE ? done->data.result : CURLE_ABORTED_BY_CALLBACK;
  }

  static std::size_t write(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    long status = 0;
    curl_easy_getinfo(transfer.easy_, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300) return size;  // the text of a redirection or an error
    transfer.received_ += size;
    transfer.problem_ = transfer.received_ > max_archive_size
                            ? Expected<void>(Error{ErrorCode::refused, "the archive is larger than 128 MiB"})
                            : write_all(transfer.file_, {bytes, size}, transfer.path_);
    return transfer.problem_ ? size : 0;
  }

  static int report(void* self, curl_off_t total, curl_off_t received, curl_off_t, curl_off_t) {
    const auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.options_.progress) {
      transfer.options_.progress(static_cast<std::uint64_t>(received), static_cast<std::uint64_t>(total));
    }
    return transfer.stop_.raised() ? 1 : 0;
  }

  int file_;
  std::string path_;
  const TransferOptions& options_;
  const InheritedVariables& variables_;
  const StopSignal& stop_;
  CURL* easy_ = nullptr;
  std::uint64_t received_ = 0;
  Expected<void> problem_;
};

}  // namespace detail

}  // namespace scout::inline v0

#endif
