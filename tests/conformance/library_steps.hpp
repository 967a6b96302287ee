#ifndef SCOUT_TESTS_CONFORMANCE_LIBRARY_STEPS_HPP
#define SCOUT_TESTS_CONFORMANCE_LIBRARY_STEPS_HPP

// Steps that work with a third-party library and scout's integration for it.

#include "malformed.hpp"

namespace conformance {

// sql{statement, many, fails}: SQLite, a database in memory for each thread.
void perform_sql(element step);

// http.client{method, path, refused, retries}: libcurl, a server of cpp-httplib on loopback.
void perform_http_client(element step);

}  // namespace conformance

#endif
