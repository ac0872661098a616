#include "engine/monitor/process/journal_writer.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace creel::engine::monitor {

namespace {

// A value that may have any bytes: its key alone, then its size as 64 bits, least significant byte first.
void append_field(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  out += '\n';
  for (int shift = 0; shift < 64; shift += 8)
    out += static_cast<char>((static_cast<std::uint64_t>(value.size()) >> shift) & 0xff);
  out += value;
  out += '\n';
}

}  // namespace

Result<JournalWriter> JournalWriter::open(const std::string& fields, const char* socket, int patience_ms) {
  JournalWriter out;
  out.path_ = socket;
  out.fields_ = fields;
  if (access(socket, W_OK) != 0) return no_journal();
  out.socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!out.socket_.valid()) return errno_error("making a socket for the journal");
  const timeval patience{patience_ms / 1000, patience_ms % 1000 * 1000};
  setsockopt(out.socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  return out;
}

// By name each time: a journal that was started anew has another socket there.
void JournalWriter::send(std::string_view text) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  const int flags = MSG_NOSIGNAL | (hangs_ ? MSG_DONTWAIT : 0);
  const ssize_t sent =
      sendto(socket_.get(), text.data(), text.size(), flags, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  hangs_ = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void JournalWriter::write(bool is_stderr, bool partial, std::string_view line) {
  entry_ = fields_;
  entry_ += is_stderr ? "PRIORITY=3\n" : "PRIORITY=6\n";
  if (partial) entry_ += "CONTAINER_PARTIAL_MESSAGE=true\n";
  append_field(entry_, "MESSAGE", line);
  send(entry_);
}

void JournalWriter::end(std::int64_t started_ns, int exit_code) {
  send(fields_ + "PRIORITY=6\n" + kJournalEnd + "=" + std::to_string(started_ns) +
       "\nMESSAGE=container ended with exit code " + std::to_string(exit_code) + "\n");
}

}  // namespace creel::engine::monitor
