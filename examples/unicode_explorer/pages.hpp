#ifndef UNICODE_EXPLORER_PAGES_HPP
#define UNICODE_EXPLORER_PAGES_HPP

#include <httplib.h>

#include <string>

namespace explorer {

// Registers all routes. The pages use one connection a thread to the database at `path`.
void add_pages(httplib::Server& server, const std::string& path);

// The background job: counts the characters of each category.
void refresh_statistics(const std::string& path);

}  // namespace explorer

#endif
