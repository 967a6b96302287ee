#ifndef SCOUT_COLLECT_SYMBOLIZER_HPP
#define SCOUT_COLLECT_SYMBOLIZER_HPP

// From the addresses of a stack to files, lines and functions, on the collector's thread only. With SCOUT_USE_LIBBACKTRACE (and
// -lbacktrace) it reads debug information, inlined frames included; without, the dynamic symbols: build the program with
// -rdynamic to have names. What cannot be named keeps its object, offset and build id, for addr2line.

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#if defined(SCOUT_USE_LIBBACKTRACE)
#  include <backtrace.h>
#endif

#include "../buffer/registry_lookup.hpp"
#include "../core/json_text.hpp"

namespace scout::inline v0::detail {

struct StackFrame {
  std::string file;
  int line = 0;  // 0: unknown
  std::string function;
};

// "shop::load(int)" for "_ZN4shop4loadEi"; anything else stays as it is.
inline std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? text.get() : symbol;
}

// The loaded object that an address lies in; an empty path: none, it may have been closed.
struct LoadedObject {
  std::string path;
  std::uintptr_t offset = 0;
  std::string build_id;  // hexadecimal
};

inline LoadedObject object_at(std::uintptr_t address) {
  struct Search {
    std::uintptr_t address;
    LoadedObject found;
  } search{address, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        Search& into = *static_cast<Search*>(data);
        if (!is_within(*info, reinterpret_cast<const void*>(into.address))) return 0;
        into.found.path = info->dlpi_name != nullptr && *info->dlpi_name != '\0' ? info->dlpi_name : program_invocation_name;
        into.found.offset = into.address - info->dlpi_addr;
        for (const auto& header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
          if (segment_type(header) != PT_NOTE) continue;
          const char* const notes = reinterpret_cast<const char*>(info->dlpi_addr + header.p_vaddr);
          for (std::size_t at = 0; at + sizeof(ElfW(Nhdr)) <= header.p_memsz;) {
            ElfW(Nhdr) note;
            std::memcpy(&note, notes + at, sizeof note);
            const std::size_t name = at + sizeof note, text = name + ((note.n_namesz + 3u) & ~3u);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(notes + name, "GNU", 4) == 0) {
              for (std::size_t i = 0; i < note.n_descsz; ++i) {
                into.found.build_id += fmt::format("{:02x}", static_cast<unsigned char>(notes[text + i]));
              }
            }
            at = text + ((note.n_descsz + 3u) & ~3u);
          }
        }
        return 1;
      },
      &search);
  return search.found;
}

class Symbolizer {
 public:
  // Appends a stack as the wire has it, [{"file":…,"line":…,"function":…},…], innermost first. `addresses` are 8 bytes each.
  // Scout's own frames are left out; files below `root` are named from there.
  void append_stack(std::string& out, std::string_view addresses, std::string_view root) {
    out += '[';
    std::size_t written = 0;
    for (; addresses.size() >= sizeof(std::uint64_t); addresses.remove_prefix(sizeof(std::uint64_t))) {
      std::uint64_t address;
      std::memcpy(&address, addresses.data(), sizeof address);
      for (const StackFrame& frame : frames_at(address)) {
        if (written == frame_limit || is_own(frame)) continue;
        if (written++ != 0) out += ',';
        append_frame(out, frame, root);
      }
    }
    out += ']';
  }

 private:
  static constexpr std::size_t frame_limit = 50, cache_limit = 4096;

  static void append_frame(std::string& out, const StackFrame& frame, std::string_view root) {
    std::string_view file = frame.file;
    while (root.ends_with('/')) root.remove_suffix(1);
    if (!root.empty() && file.size() > root.size() && file.starts_with(root) && file[root.size()] == '/') {
      file.remove_prefix(root.size() + 1);
    }
    while (file.starts_with("../")) file.remove_prefix(3);  // from where it was built to the project
    out += "{\"file\":";
    append_json_string(out, file);
    out += ",\"line\":";
    append_json_number(out, std::int64_t{frame.line});
    out += ",\"function\":";
    append_json_string(out, frame.function);
    out += '}';
  }

  // The directory of scout's headers as the compiler names it, or the single header.
  static constexpr std::string_view own_files() {
    std::string_view path = __FILE__;
    if (constexpr std::string_view name = "collect/symbolizer.hpp"; path.ends_with(name)) path.remove_suffix(name.size());
    while (path.ends_with("/../")) path = path.substr(0, path.find_last_of('/', path.size() - 5) + 1);  // "scout/agent/../"
    return path;
  }

  // Whether the function itself, not an argument of it, is scout's. An inlined one may come without its namespace.
  static bool is_own(const StackFrame& frame) {
    if (frame.file.starts_with(own_files())) return true;
    std::string_view function = frame.function;
    if (constexpr std::string_view deduced = "decltype(auto) "; function.starts_with(deduced))
      function.remove_prefix(deduced.size());
    const std::size_t at = function.find("scout::v0::");
    return at != std::string_view::npos && at < function.find_first_of("(<");
  }

  // The frames of an address: the function's, before it those that were inlined into it.
  const std::vector<StackFrame>& frames_at(std::uintptr_t address) {
    if (const auto known = cache_.find(address); known != cache_.end()) return known->second;
    if (cache_.size() >= cache_limit) cache_.clear();
    std::vector<StackFrame> frames = debug_frames(address);
    if (frames.empty()) frames.push_back(symbol_frame(address));
    return cache_.emplace(address, std::move(frames)).first->second;
  }

  // Without debug information: the exported symbol, if there is one.
  StackFrame symbol_frame(std::uintptr_t address) {
    const LoadedObject object = object_at(address);
    if (object.path.empty()) return {"", 0, fmt::format("{:#x}", address)};
    StackFrame frame{fmt::format("{}+{:#x}", object.path, object.offset), 0, symbol_name(address)};
    if (frame.function.empty()) frame.function = object.build_id.empty() ? "?" : fmt::format("? (build id {})", object.build_id);
    return frame;
  }

#if defined(SCOUT_USE_LIBBACKTRACE)
  std::vector<StackFrame> debug_frames(std::uintptr_t address) {
    std::vector<StackFrame> frames;
    backtrace_pcinfo(
        state(), address,
        [](void* data, std::uintptr_t, const char* file, int line, const char* function) {
          if (file == nullptr || function == nullptr) return 0;
          static_cast<std::vector<StackFrame>*>(data)->push_back({file, line, demangled(function)});
          return 0;
        },
        ignore_error, &frames);
    return frames;
  }
  std::string symbol_name(std::uintptr_t address) {
    std::string name;
    backtrace_syminfo(
        state(), address,
        [](void* data, std::uintptr_t, const char* symbol, std::uintptr_t, std::uintptr_t) {
          if (symbol != nullptr) *static_cast<std::string*>(data) = demangled(symbol);
        },
        ignore_error, &name);
    return name;
  }

  // What it has read stays until the process ends, so a new one is made only when objects were loaded, and not for ever.
  backtrace_state* state() {
    unsigned long long loaded = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
          *static_cast<unsigned long long*>(data) = info->dlpi_adds;
          return 1;
        },
        &loaded);
    if (state_ == nullptr || (loaded != loaded_ && states_ < state_limit)) {
      state_ = backtrace_create_state(nullptr, 0, ignore_error, nullptr);
      loaded_ = loaded;
      ++states_;
    }
    return state_;
  }
  static void ignore_error(void*, const char*, int) {}

  static constexpr int state_limit = 8;
  backtrace_state* state_ = nullptr;
  unsigned long long loaded_ = 0;
  int states_ = 0;
#else
  static std::vector<StackFrame> debug_frames(std::uintptr_t) { return {}; }
  static std::string symbol_name(std::uintptr_t address) {
    Dl_info info{};
    const bool known = dladdr(reinterpret_cast<void*>(address), &info) != 0 && info.dli_sname != nullptr;
    return known ? demangled(info.dli_sname) : std::string();
  }
#endif

  std::unordered_map<std::uintptr_t, std::vector<StackFrame>> cache_;
};

}  // namespace scout::inline v0::detail

#endif
