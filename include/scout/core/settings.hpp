#ifndef SCOUT_CORE_SETTINGS_HPP
#define SCOUT_CORE_SETTINGS_HPP

// What the rooms below the configuration need to know of it. A POD in the registry: install() writes it, anybody reads it.

#include <cstddef>
#include <cstdint>

namespace scout::inline v0::detail {

// The configuration key uri_reporting.
enum class UriReporting : std::uint32_t {
  filtered_params,
  path,       // no query at all
  full_path,  // as it arrived
};

// A list of texts; immutable, and never freed once published.
struct SettingText {
  const char* data;
  std::size_t size;
};
struct SettingTexts {
  const SettingText* first;
  std::size_t count;
};

inline constexpr std::uint32_t name_limit = 512;           // bytes of an operation; what is longer is cut and says so
inline constexpr std::uint32_t value_limit = 8 * 1024;     // bytes of a tag's value, likewise
inline constexpr std::uint32_t key_limit = 256;            // bytes of a tag's key; a longer one is refused
inline constexpr std::uint32_t tag_limit = 64;             // tags a span
inline constexpr std::uint32_t id_block = 32;              // span ids a thread takes at a time, at most

struct Settings {
  std::uint32_t span_cap = 1500;          // spans a transaction beside its root, as Scout's Python agent
  std::uint32_t ring_size = 128 * 1024;   // bytes a thread, a power of two
  std::uint32_t uri_reporting = 0;        // a UriReporting
  bool collect_remote_ip = true;
  std::uint64_t slow_ticks = ~std::uint64_t{0};  // of a span, before its stack is worth having; unknown until measured
  std::uint32_t repeat_count = ~std::uint32_t{0};  // runs of one statement that are too many, when they take
  std::uint64_t repeat_ticks = ~std::uint64_t{0};  // as long as this together
  const SettingTexts* ignored_paths = nullptr;         // of the key `ignore`, without leading slashes
  const SettingTexts* disabled_instruments = nullptr;  // of the key of that name
};

}  // namespace scout::inline v0::detail

#endif
