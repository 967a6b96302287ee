#ifndef SCOUT_TOOLS_LOCAL_AGENT_LINE_OUTPUT_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_LINE_OUTPUT_HPP

// Lines for standard output while the agent serves. Never waits for whoever reads them: what does not fit into a bounded buffer
// is left out and counted.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scout::local_agent {

class LineOutput {
 public:
  explicit LineOutput(int descriptor, std::size_t limit = 256 * 1024) : descriptor_(descriptor), limit_(limit) {}

  void add(std::string_view line);

  // Writes as much as can be written without waiting.
  void flush();
  // Waits at most a second for the reader; for the last words.
  void finish();

  int descriptor() const { return descriptor_; }
  bool pending() const { return !unwritten_.empty(); }
  std::uint64_t skipped() const { return skipped_; }
  int error() const { return error_; }  // why something could not be written, as errno; 0: nothing

 private:
  bool write_some(int patience);

  int descriptor_;
  std::size_t limit_;
  std::string unwritten_;
  std::uint64_t skipped_ = 0;
  int error_ = 0;
};

}  // namespace scout::local_agent

#endif
