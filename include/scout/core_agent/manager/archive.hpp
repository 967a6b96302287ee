#ifndef SCOUT_CORE_AGENT_MANAGER_ARCHIVE_HPP
#define SCOUT_CORE_AGENT_MANAGER_ARCHIVE_HPP

// Takes the files out of a gzipped tar, by libarchive, and decides itself what is written where: only plain files beside each
// other. Directories and what lies in them are left out. An archive with a link, a device, or a path that leaves the directory is
// refused as a whole.

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../../core/expected.hpp"
#include "descriptor.hpp"
#include "file_name.hpp"

namespace scout::inline v0::detail {

inline constexpr std::uint64_t max_unpacked_size = std::uint64_t{256} << 20;
inline constexpr int max_archive_entries = 1000;

struct FreeArchive {
  void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
using ArchiveReader = std::unique_ptr<archive, FreeArchive>;

inline ArchiveReader new_archive_reader() {
  ArchiveReader reader(archive_read_new());
  if (reader == nullptr || archive_read_support_filter_gzip(reader.get()) < ARCHIVE_WARN ||
      archive_read_support_format_tar(reader.get()) != ARCHIVE_OK) {
    return nullptr;
  }
  return reader;
}

inline Error archive_error(std::string_view why) { return {ErrorCode::protocol, "the archive " + std::string(why)}; }

inline Error broken_archive(archive* reader) {
  const char* const why = archive_error_string(reader);
  return archive_error("is broken: " + std::string(why != nullptr ? why : "it cannot be read"));
}

// What to do with a path in an archive.
enum class EntryPath { file, nested, escapes };

inline EntryPath judge_path(std::string_view& path) noexcept {
  if (path.starts_with('/') || path.find('\\') != std::string_view::npos) return EntryPath::escapes;
  while (path.starts_with("./")) path.remove_prefix(2);
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    if (name == "..") return EntryPath::escapes;
    rest.remove_prefix(name.size() < rest.size() ? name.size() + 1 : name.size());
  }
  return is_file_name(path) ? EntryPath::file : EntryPath::nested;
}

// Calls files.begin(name) and files.append(bytes), whose errors end it. Precondition: the reader is open.
template <class Files>
Expected<void> unpack(archive* reader, Files& files) {
  std::uint64_t unpacked = 0;
  for (int entries = 0;; ++entries) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return entries != 0 ? Expected<void>() : archive_error("is empty");
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return broken_archive(reader);
    if (entries == max_archive_entries) return archive_error("has too many entries");
    const char* const pathname = archive_entry_pathname(entry);
    std::string_view path = pathname != nullptr ? pathname : "";
    const EntryPath judged = judge_path(path);
    if (judged == EntryPath::escapes) return archive_error("leaves its directory: '" + printable(path) + '\'');
    const auto type = archive_entry_filetype(entry);
    if (archive_entry_symlink(entry) != nullptr || archive_entry_hardlink(entry) != nullptr) {
      return archive_error("has a link: '" + printable(path) + '\'');
    }
    if (type != AE_IFREG && type != AE_IFDIR) return archive_error("has what is no file: '" + printable(path) + '\'');
    if (type == AE_IFDIR || judged == EntryPath::nested) continue;
    if (archive_entry_sparse_count(entry) != 0) return archive_error("has a file with holes: '" + printable(path) + '\'');
    if (auto begun = files.begin(std::string(path)); !begun) return begun;
    for (;;) {
      char space[16384];
      const la_ssize_t size = archive_read_data(reader, space, sizeof space);
      if (size == 0) break;
      if (size < 0) return broken_archive(reader);
      unpacked += static_cast<std::uint64_t>(size);
      if (unpacked > max_unpacked_size) return archive_error("unpacks to more than 256 MiB");
      if (auto appended = files.append({space, static_cast<std::size_t>(size)}); !appended) return appended;
    }
  }
}

// Puts them into a directory that nothing else writes, synced to the disk.
class UnpackedFiles {
 public:
  // `path`: the directory's, for messages.
  UnpackedFiles(int directory, std::string path) : directory_(directory), path_(std::move(path)) {}

  Expected<void> begin(const std::string& name) {
    if (auto finished = finish(); !finished) return finished;
    name_ = path_ + '/' + name;
    file_ = Descriptor(::openat(directory_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_) return errno == EEXIST ? archive_error("has two files '" + printable(name) + '\'') : file_error(name_, errno);
    return {};
  }
  Expected<void> append(std::string_view bytes) { return write_all(file_.number(), bytes, name_); }
  Expected<void> finish() {
    if (file_ && ::fsync(file_.number()) != 0) return file_error(name_, errno);
    file_ = Descriptor();
    return {};
  }

 private:
  int directory_;
  std::string path_, name_;
  Descriptor file_;
};

// `file` is read from its present position.
inline Expected<void> unpack_into(int file, int directory, const std::string& path) {
  const ArchiveReader reader = new_archive_reader();
  if (reader == nullptr) return archive_error("cannot be read: no memory");
  if (archive_read_open_fd(reader.get(), file, 16384) != ARCHIVE_OK) return broken_archive(reader.get());
  UnpackedFiles files(directory, path);
  if (auto unpacked = unpack(reader.get(), files); !unpacked) return unpacked;
  return files.finish();
}

}  // namespace scout::inline v0::detail

#endif
