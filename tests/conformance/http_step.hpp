#ifndef SCOUT_TESTS_CONFORMANCE_HTTP_STEP_HPP
#define SCOUT_TESTS_CONFORMANCE_HTTP_STEP_HPP

// One request to a web application, as an integration of a server would report it:
// http.request{method, path, headers, peer, handler, status, throws}.

#include "malformed.hpp"

namespace conformance {

void perform_http_request(element step);

}  // namespace conformance

#endif
