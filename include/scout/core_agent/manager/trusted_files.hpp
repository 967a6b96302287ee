#ifndef SCOUT_CORE_AGENT_MANAGER_TRUSTED_FILES_HPP
#define SCOUT_CORE_AGENT_MANAGER_TRUSTED_FILES_HPP

// Files that nobody but root and the user of this process can have written: whoever may change the core agent's directory may
// run programs as this user. Paths are walked one name after the other, and no link is followed on the way.

#include <string>
#include <string_view>

#include "descriptor.hpp"

namespace scout::inline v0::detail {

inline constexpr unsigned writable_by_others = 0022;

inline bool is_trusted(uid_t owner) noexcept { return owner == 0 || owner == ::geteuid(); }

inline std::string mode_text(unsigned mode) {
  std::string digits;
  for (int shift = 6; shift >= 0; shift -= 3) digits += static_cast<char>('0' + (mode >> shift & 7));
  return digits;
}

inline Error untrusted(std::string_view path, std::string_view why) {
  return {ErrorCode::refused, std::string(path) + ' ' + std::string(why)};
}

inline Expected<void> check_owner(const struct stat& status, std::string_view path) {
  if (is_trusted(status.st_uid)) return {};
  return untrusted(path, "belongs to user " + std::to_string(status.st_uid) + ", not to this one");
}

// `allowed`: the mode bits that the configuration sets, so that a group may be let in on purpose. Others never are.
inline Expected<void> check_trusted(const struct stat& status, std::string_view path, unsigned allowed) {
  if (const auto fine = check_owner(status, path); !fine) return fine;
  if ((status.st_mode & writable_by_others & ~(allowed & 0020)) != 0) {
    return untrusted(path, "may be written by others (mode " + mode_text(status.st_mode & 0777) + ")");
  }
  return {};
}

// A directory on the way: others may write it only as they may /tmp, where they cannot touch what is not theirs. Who may write it
// otherwise can put another directory of this user's, or root's, in the place of the next one.
inline Expected<void> check_on_the_way(const struct stat& status, std::string_view path, unsigned allowed) {
  if ((status.st_mode & S_ISVTX) != 0) return check_owner(status, path);
  if ((status.st_mode & S_IWOTH) != 0) return untrusted(path, "may be written by everybody");
  return check_trusted(status, path, allowed);
}

// A directory in a directory; ENOENT: made with `permissions`, whatever the umask, when `create` says so.
inline Expected<Descriptor> open_directory_at(int parent, const std::string& name, std::string_view path, bool create,
                                              unsigned permissions) {
  bool made = false;
  for (;;) {
    Descriptor directory(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (directory) {
      if (made && ::fchmod(directory.number(), permissions) != 0) return file_error(path, errno);
      return directory;
    }
    const int error = errno;
    struct stat status;
    if ((error == ENOTDIR || error == ELOOP) && ::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(status.st_mode)) {
      return untrusted(path, "is a link: name the directory that it leads to");
    }
    if (error != ENOENT || !create || made) return file_error(path, error);
    if (::mkdirat(parent, name.c_str(), permissions) == 0) {
      made = true;
    } else if (errno != EEXIST) {  // another process was faster
      return file_error(path, errno);
    }
  }
}

// Opens an absolute path for as long as it is to be trusted.
inline Expected<Descriptor> open_trusted_directory(const std::string& path, bool create, unsigned permissions) {
  Descriptor directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!directory || ::fstat(directory.number(), &status) != 0) return file_error("/", errno);
  std::string walked;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string name(rest.substr(0, rest.find('/')));
    rest.remove_prefix(name.size() < rest.size() ? name.size() + 1 : name.size());
    if (name.empty() || name == ".") continue;
    if (const auto fine = check_on_the_way(status, walked.empty() ? "/" : walked, permissions); !fine) return fine.error();
    walked += '/' + name;
    auto next = open_directory_at(directory.number(), name, walked, create, permissions);
    if (!next) return next.error();
    directory = std::move(*next);
    if (::fstat(directory.number(), &status) != 0) return file_error(walked, errno);
  }
  if (const auto fine = check_trusted(status, path, permissions); !fine) return fine.error();
  return directory;
}

// A regular file in a trusted directory.
inline Expected<Descriptor> open_trusted_file(int directory, const std::string& name, std::string_view path, unsigned allowed) {
  Descriptor file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return errno == ELOOP ? untrusted(path, "is a link") : file_error(path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return file_error(path, errno);
  if (!S_ISREG(status.st_mode)) return untrusted(path, "is no file");
  if (const auto fine = check_trusted(status, path, allowed); !fine) return fine.error();
  return file;
}

}  // namespace scout::inline v0::detail

#endif
