#ifndef UNICODE_EXPLORER_UNICODE_DATA_HPP
#define UNICODE_EXPLORER_UNICODE_DATA_HPP

#include <string>

#include "database.hpp"

namespace explorer {

// Creates the tables and fills them from UnicodeData.txt and Blocks.txt in `directory`: about 34,000 characters.
void load_unicode_data(Database& database, const std::string& directory);

}  // namespace explorer

#endif
