#ifndef SCOUT_INTEGRATIONS_CURL_HPP
#define SCOUT_INTEGRATIONS_CURL_HPP

// libcurl: a span "HTTP/GET" for a transfer inside a transaction, with the tag url (scheme, host and port: no path, query or
// password), as Scout's Python agent does; http.status_code where that is 400 or more; error = "true" where the transfer
// failed or the answer is an error of the server's.
//
//   scout::curl_perform(handle);                                    // in place of curl_easy_perform()
//   scout::curl_perform(handle, headers);                           // the same, and the server is told the trace
//   scout::CurlTransfer transfer;  …  transfer.done(handle, code);  // around one of curl_multi's, CURLMSG_DONE has the code
//
// W3C's headers traceparent and tracestate take the place in the trace to the server. libcurl has one list of headers for a
// handle and does not tell it, so the program hands its own over, null for none.
//
// `disabled_instruments` knows it as "curl".

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "../web/trace_propagation.hpp"

namespace scout::inline v0 {
namespace detail {

// "https://shop.example:443/" of any URL, "file:///" of a file's; empty where it is none.
inline std::string url_origin(const char* url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (!parsed || url == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url, CURLU_DEFAULT_SCHEME) != CURLUE_OK) return {};
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    curl_url_get(parsed.get(), which, &text, CURLU_DEFAULT_PORT);
    const std::string copy = text != nullptr ? text : "";
    curl_free(text);
    return copy;
  };
  const std::string host = part(CURLUPART_HOST);
  return part(CURLUPART_SCHEME) + "://" + (host.empty() ? "" : host + ':' + part(CURLUPART_PORT)) + '/';
}

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// Without memory the list stays as it is.
inline void append_header(HeaderList& list, const std::string& line) {
  if (curl_slist* const longer = curl_slist_append(list.get(), line.c_str())) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

// Of a line of the program's list: "Name: value", "Name;" without a value, "Name:" for none.
inline bool is_trace_header(std::string_view line) {
  const std::string name(line.substr(0, line.find_first_of(":; ")));
  return curl_strequal(name.c_str(), "traceparent") != 0 || curl_strequal(name.c_str(), "tracestate") != 0;
}

}  // namespace detail

// The span of one transfer. libcurl tells method and address when the transfer is over, so the span has its name then; one
// that is never done is "HTTP/Unknown". Like any Span it may end on another thread.
class CurlTransfer {
 public:
  CurlTransfer() {
    if (detail::is_instrumented("curl")) span_.emplace("Unknown", "HTTP");
  }

  // Ends the span. Call it before the handle is reset or used for another transfer. Returns `code`.
  CURLcode done(CURL* handle, CURLcode code) {
    if (!span_) return code;
    const char *method = nullptr, *url = nullptr;
    curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_METHOD, &method);
    curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (method != nullptr && *method != '\0') span_->rename(method, "HTTP");
    if (const std::string origin = detail::url_origin(url); !origin.empty()) span_->tag("url", origin);
    if (status >= 400) span_->tag("http.status_code", std::to_string(status));
    if (code != CURLE_OK || status >= 500) span_->mark_error();
    span_.reset();
    return code;
  }

  // A copy of the program's headers with the transfer's place in the trace, in place of what they say of one, for
  // CURLOPT_HTTPHEADER; null: there is nothing to add. Lives as long as the transfer.
  curl_slist* headers(const curl_slist* own) {
    if (!context()) return nullptr;
    const Attach attach(context());
    const web::OutgoingTrace trace = web::OutgoingTrace::current();
    if (!trace) return nullptr;
    headers_.reset();
    for (; own != nullptr; own = own->next) {
      if (!detail::is_trace_header(own->data)) detail::append_header(headers_, own->data);
    }
    detail::append_header(headers_, "traceparent: " + std::string(trace.traceparent()));
    if (!trace.tracestate().empty()) detail::append_header(headers_, "tracestate: " + std::string(trace.tracestate()));
    return headers_.get();
  }

  // For Attach: spans of the transfer's callbacks hang below it.
  TraceContext context() const noexcept { return span_ ? span_->context() : TraceContext(); }

 private:
  std::optional<Span> span_;
  detail::HeaderList headers_;
};

namespace detail {

inline CURLcode perform_in(TraceContext context, CURL* handle) {
  if (!context) return curl_easy_perform(handle);
  const Attach attached(context);
  return curl_easy_perform(handle);
}

inline CURLcode curl_perform(CURL* handle, CurlTransfer& transfer) {
  return transfer.done(handle, perform_in(transfer.context(), handle));
}

}  // namespace detail

// curl_easy_perform() in a span.
inline CURLcode curl_perform(CURL* handle) {
  CurlTransfer transfer;
  return detail::curl_perform(handle, transfer);
}

// The same, and the server is told the trace. `headers` are the handle's CURLOPT_HTTPHEADER, which it has again afterwards.
inline CURLcode curl_perform(CURL* handle, curl_slist* headers) {
  CurlTransfer transfer;
  curl_slist* const longer = transfer.headers(headers);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, longer != nullptr ? longer : headers);
  const CURLcode code = detail::curl_perform(handle, transfer);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  return code;
}

}  // namespace scout::inline v0

#endif
