#ifndef SCOUT_TOOLS_LOCAL_AGENT_RECORDING_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_RECORDING_HPP

// The JSON lines file: one line for every event of a connection, flushed at once so that others can follow it.
//   {"ev":"open","conn":1}
//   {"ev":"msg","conn":1,"n":1,"len":97,"type":"Register","body":{…},"bad":["…"]}
//   {"ev":"bad-json",…}  {"ev":"bad-frame",…}  {"ev":"eof","conn":1,"left":0}     left: bytes of an unfinished frame

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <scout/core/expected.hpp>
#include "timestamp.hpp"

#include <simdjson.h>

namespace scout::local_agent {

class Recording {
 public:
  Recording() = default;  // records nothing
  static Expected<Recording> create(const std::string& path);

  bool is_open() const { return file_ != nullptr; }

  void opened(std::uint64_t connection);
  void message(std::uint64_t connection, std::uint64_t n, std::string_view payload, std::string_view type,
               const std::vector<std::string>& bad);
  void bad_json(std::uint64_t connection, std::uint64_t n, std::size_t length, std::string_view why);
  void bad_frame(std::uint64_t connection, std::string_view why);
  void closed(std::uint64_t connection, std::size_t left);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void write(std::string line);

  std::unique_ptr<std::FILE, Close> file_;
  bool failed_ = false;
};

// Hands every recorded message to `take`, in order.
Expected<void> read_recording(const std::string& path, const std::function<void(simdjson::dom::element)>& take);

}  // namespace scout::local_agent

#endif
