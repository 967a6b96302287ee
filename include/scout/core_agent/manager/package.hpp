#ifndef SCOUT_CORE_AGENT_MANAGER_PACKAGE_HPP
#define SCOUT_CORE_AGENT_MANAGER_PACKAGE_HPP

// Fetches the core agent's archive and puts its verified files in their place: one process at a time, everything in a directory
// of its own until it is verified and on the disk, then renamed. Whoever is interrupted leaves nothing that counts as a core
// agent; the next one clears it away.

#include <dirent.h>
#include <sys/file.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "archive.hpp"
#include "binary.hpp"
#include "transfer.hpp"

namespace scout::inline v0 {

namespace detail {

inline constexpr std::chrono::minutes lock_patience{2};  // with another process that downloads

// Held until it is destroyed: unlocked then, since a child that was forked meanwhile has the same open file.
class DirectoryLock {
 public:
  explicit DirectoryLock(Descriptor file) noexcept : file_(std::move(file)) {}
  DirectoryLock(DirectoryLock&&) = default;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock() {
    if (file_) ::flock(file_.number(), LOCK_UN);
  }

 private:
  Descriptor file_;
};

inline Expected<DirectoryLock> lock_directory(int directory, const std::string& path, const StopSignal& stop) {
  const std::string name = path + "/.lock";
  Descriptor file(::openat(directory, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return errno == ELOOP ? untrusted(name, "is a link") : file_error(name, errno);
  const auto latest = StopSignal::Clock::now() + lock_patience;
  while (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return file_error(name, errno);
    if (StopSignal::Clock::now() >= latest)
      return Error{ErrorCode::timed_out, name + ": another process has had it for two minutes"};
    if (!stop.pause(StopSignal::poll_interval)) return StopSignal::error();
  }
  return DirectoryLock(std::move(file));
}

inline std::vector<std::string> file_names(int directory) {
  std::vector<std::string> names;
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const open = copy >= 0 ? ::fdopendir(copy) : nullptr;
  if (open == nullptr) return names;
  while (const dirent* const entry = ::readdir(open)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(open);
  return names;
}

// The directory in which a download becomes what is put in place. Under the lock.
class Staging {
 public:
  Staging(int parent, std::string parent_path) : parent_(parent), path_(std::move(parent_path) + '/' + name) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() { clear(); }

  Expected<void> make(unsigned permissions) {
    clear();
    auto opened = open_directory_at(parent_, name, path_, true, permissions);
    if (!opened) return opened.error();
    directory_ = std::move(*opened);
    return {};
  }
  int directory() const noexcept { return directory_.number(); }
  const std::string& path() const noexcept { return path_; }

  static constexpr const char* name = ".partial";

 private:
  void clear() noexcept {
    const Descriptor left(::openat(parent_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!left) return;
    for (const auto& file : file_names(left.number())) ::unlinkat(left.number(), file.c_str(), 0);
    ::unlinkat(parent_, name, AT_REMOVEDIR);
  }

  int parent_;
  std::string path_;
  Descriptor directory_;
};

// The permissions that the configuration gives, as far as a file can use them.
inline Expected<void> set_modes(int folder, const std::string& path, const std::string& binary, unsigned permissions) {
  for (const auto& [file, mode] :
       {std::pair{binary, permissions & 0755}, std::pair{std::string("manifest.json"), permissions & 0644}}) {
    if (::fchmodat(folder, file.c_str(), mode, 0) != 0) return file_error(path + '/' + file, errno);
  }
  return ::fsync(folder) == 0 ? Expected<void>() : file_error(path, errno);
}

// Gives the staged files their place; a directory that is there keeps what else it holds.
inline Expected<void> put_in_place(int parent, const Staging& staging, const std::string& binary,
                                   const CoreAgentLocation& location) {
  const auto moved = [&](int to_directory, const std::string& from, const std::string& to) -> Expected<void> {
    const int from_directory = to_directory == parent ? parent : staging.directory();
    if (::renameat(from_directory, from.c_str(), to_directory, to.c_str()) != 0) return file_error(location.folder(), errno);
    return ::fsync(to_directory) == 0 ? Expected<void>() : file_error(location.folder(), errno);
  };
  struct stat status;
  if (::fstatat(parent, location.full_name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return moved(parent, Staging::name, location.full_name);
  }
  const auto folder = open_trusted_directory(location.folder(), false, location.permissions);
  if (!folder) return folder.error();
  if (auto done = moved(folder->number(), binary, binary); !done) return done;
  return moved(folder->number(), "manifest.json", "manifest.json");
}

}  // namespace detail

// Downloads unless the files are there, and verified, by now. Waits while another process does it.
inline Expected<CoreAgentBinary> download_core_agent(const CoreAgentLocation& location, const TransferOptions& options,
                                                     const InheritedVariables& variables, const StopSignal& stop) {
  using namespace detail;
  const auto parent = open_trusted_directory(location.directory, true, location.permissions);
  if (!parent) return parent.error();
  if (auto fine = check_file_system(parent->number(), location.directory); !fine) return fine.error();
  const auto lock = lock_directory(parent->number(), location.directory, stop);
  if (!lock) return lock.error();
  if (auto found = find_core_agent_binary(location)) return found;

  Staging staging(parent->number(), location.directory);
  if (auto made = staging.make(location.permissions); !made) return made.error();
  const std::string archive_path = staging.path() + "/archive.tgz";
  {
    const Descriptor archive(
        ::openat(staging.directory(), "archive.tgz", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!archive) return file_error(archive_path, errno);
    ::unlinkat(staging.directory(), "archive.tgz", 0);
    auto received = Transfer(archive.number(), archive_path, options, variables, stop).run(location.url);
    if (!received) return received.error();
    if (::lseek(archive.number(), 0, SEEK_SET) != 0) return file_error(archive_path, errno);
    auto unpacked = unpack_into(archive.number(), staging.directory(), staging.path());
    if (!unpacked) return Error{unpacked.error().code, shown_url(location.url) + ": " + unpacked.error().message};
  }
  const auto verified = verify_files(staging.directory(), staging.path(), location);
  if (!verified) return Error{verified.error().code, shown_url(location.url) + ": " + verified.error().message};
  const std::string binary = verified->path.substr(staging.path().size() + 1);
  if (stop.raised()) return StopSignal::error();
  if (auto set = set_modes(staging.directory(), staging.path(), binary, location.permissions); !set) return set.error();
  if (auto placed = put_in_place(parent->number(), staging, binary, location); !placed) return placed.error();
  return find_core_agent_binary(location);
}

}  // namespace scout::inline v0

#endif
