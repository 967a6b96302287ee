#ifndef SCOUT_SINK_FILE_SINK_HPP
#define SCOUT_SINK_FILE_SINK_HPP

// A sink that appends JSON lines to a file, one object a trace and one an event. Each line is written whole and at once, so
// several processes may share a file and a reader may follow it. Used by the collector's thread.

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "../core/json_text.hpp"
#include "sink.hpp"

namespace scout::inline v0 {

class FileSink {
 public:
  // A file that cannot be opened now is tried again with every write.
  explicit FileSink(std::string path) : path_(std::move(path)) { open(); }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() {
    if (fd_ >= 0) ::close(fd_);
  }

  // {"request_id":…,"operation":…,"start":…,"stop":…,"tags":{…},"spans":[{"id":…,"parent":…,…}],"dropped_spans":…}
  Expected<void> write(const Trace& trace) {
    line_ = "{\"request_id\":";
    append_json_string(line_, std::string_view(trace.request_id().text()));
    append_life(trace);
    line_ += ",\"spans\":[";
    for (const SpanView& span : trace.spans()) {
      line_ += &span == trace.spans().data() ? "{\"id\":" : ",{\"id\":";
      append_json_string(line_, std::string_view(span.id().text()));
      line_ += ",\"parent\":";
      span.parent() ? append_json_string(line_, std::string_view(span.parent().text())) : append_json_null(line_);
      append_life(span);
      line_ += '}';
    }
    line_ += "],\"dropped_spans\":";
    append_json_number(line_, trace.dropped_spans());
    return write_line();
  }

  // {"event":…,"value":…,"source":…,"time":…}
  Expected<void> write(const ApplicationEvent& event) {
    line_ = "{\"event\":";
    append_json_string(line_, event.type());
    line_ += ",\"value\":";
    line_ += event.json();
    line_ += ",\"source\":";
    append_json_string(line_, event.source());
    line_ += ",\"time\":";
    append_json_timestamp(line_, event.time());
    return write_line();
  }

  // Every line is written already. An error: the last one was not, and why.
  Expected<void> flush(Deadline) { return result(); }

 private:
  void open() noexcept {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    error_ = fd_ < 0 ? errno : 0;
  }

  // What a trace and a span have in common.
  template <class Subject>
  void append_life(const Subject& subject) {
    line_ += ",\"operation\":";
    append_json_string(line_, subject.operation());
    line_ += ",\"start\":";
    append_json_timestamp(line_, subject.start());
    line_ += ",\"stop\":";
    append_json_timestamp(line_, subject.stop());
    line_ += ",\"tags\":{";
    for (const TagView& tag : subject.tags()) {
      if (&tag != subject.tags().data()) line_ += ',';
      append_json_string(line_, tag.key());
      line_ += ':';
      line_ += tag.json();
    }
    line_ += '}';
  }

  Expected<void> write_line() {
    line_ += "}\n";
    if (fd_ < 0) open();
    if (fd_ < 0) return result();
    if (torn_) line_.insert(line_.begin(), '\n');
    error_ = 0;
    for (std::string_view rest = line_; !rest.empty();) {
      const ssize_t written = ::write(fd_, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) {
        error_ = errno;
        break;
      }
      if (written <= 0) continue;
      rest.remove_prefix(static_cast<std::size_t>(written));
      torn_ = rest.data()[-1] != '\n';
    }
    return result();
  }

  Expected<void> result() const {
    if (error_ == 0) return {};
    return failure(error_);
  }
  Error failure(int error) const { return {ErrorCode::file, path_ + ": " + std::generic_category().message(error)}; }

  std::string path_, line_;
  int fd_ = -1;
  int error_ = 0;      // of the last line, or of opening the file
  bool torn_ = false;  // the file ends in a part of a line, such as where the disk was full: the next one begins a new line
};

static_assert(Sink<FileSink>);

}  // namespace scout::inline v0

#endif
