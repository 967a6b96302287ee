// The core agent's archive, from whoever serves it: a tar, gzipped or not.

#include <scout/core_agent/manager/archive.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "property.hpp"

using namespace scout;
using fuzz::require;

namespace {

struct Files {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;

  Expected<void> begin(const std::string& name) {
    require(!name.empty() && name != "." && name != ".." && name.size() < 256, "a file has a name", name);
    for (const char c : name) {
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '/', "a name is no path and shows on a terminal", name);
    }
    names.push_back(name);
    return {};
  }
  Expected<void> append(std::string_view part) {
    require(!names.empty(), "bytes belong to a file");
    require(!part.empty(), "a part has bytes");
    bytes += part.size();
    require(bytes <= detail::max_unpacked_size, "there is an end to what is unpacked");
    return {};
  }
};

// The rule for paths, said in another way.
void check_path(std::string_view path) {
  bool climbs = path.starts_with('/') || path.find('\\') != std::string_view::npos;
  for (std::string_view rest = path; !rest.empty();) climbs = fuzz::take_until(rest, '/') == ".." || climbs;
  std::string_view kept = path;
  const detail::EntryPath judged = detail::judge_path(kept);
  require((judged == detail::EntryPath::escapes) == climbs, "a path escapes by a root, a backslash or two dots", path);
  if (judged == detail::EntryPath::file) require(kept.find('/') == std::string_view::npos, "a file has no directory", path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_path(fuzz::text_of(data, std::min<std::size_t>(size, 100)));
  const detail::ArchiveReader reader = detail::new_archive_reader();
  require(reader != nullptr, "there is a reader");
  if (archive_read_open_memory(reader.get(), data, size) != ARCHIVE_OK) return 0;
  Files files;
  const auto unpacked = detail::unpack(reader.get(), files);
  if (!unpacked) {
    const std::string& message = unpacked.error().message;
    require(message.starts_with("the archive "), "an error says what is wrong", message);
  }
  require(files.names.size() <= static_cast<std::size_t>(detail::max_archive_entries), "there is an end to entries");
  return 0;
}
