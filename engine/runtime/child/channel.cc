#include "engine/runtime/child/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/unix_socket.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxMessage = 16384;

struct Received {
  std::string data;  // empty: the other end is gone
  Fd fd;
};

Result<Received> receive(int socket) {
  // Not of the heap, which would be cleared and given back for each message of one byte: of this only what is written to
  // is ever there.
  static char room[kMaxMessage];
  Received out;
  iovec io{room, sizeof(room)};
  const ssize_t size = receive_with_fd(socket, &io, 1, out.fd);
  if (size < 0 && errno == ECONNRESET) return out;
  if (size < 0) return errno_error("talking to the container's process");
  out.data.assign(room, static_cast<std::size_t>(size));
  return out;
}

}  // namespace

Result<ChannelPair> make_channel() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("making a socket pair");
  return ChannelPair{Fd(ends[0]), Fd(ends[1])};
}

void send_message(int socket, Message message, int fd) {
  char type = static_cast<char>(message);
  const iovec io{&type, 1};
  (void)send_with_fd(socket, &io, 1, fd);
}

void send_error(int socket, const Error& error) {
  std::string bytes(1, static_cast<char>(Message::kError));
  Error bounded = error;
  bounded.text.resize(std::min<std::size_t>(bounded.text.size(), 8000));
  bounded.hint.resize(std::min<std::size_t>(bounded.hint.size(), 4000));
  bytes += encode(bounded);
  (void)!send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

Result<void> expect_message(int socket, Message expected, Fd* fd) {
  TRY(expect_either(socket, expected, expected, fd));
  return {};
}

Result<Message> expect_either(int socket, Message one, Message other, Fd* fd) {
  TRY_SET(Received got, receive(socket));
  if (got.data.empty()) return fail(Code::kFailed, "the container's process ended while it was being set up");
  const char type = got.data.front();
  if (type == static_cast<char>(Message::kError)) return decode_error(std::string_view(got.data).substr(1));
  if (type != static_cast<char>(one) && type != static_cast<char>(other)) {
    return fail(Code::kFailed, std::string("the container's process is out of step: '") + type + "' instead of '" +
                                   static_cast<char>(one) + "'");
  }
  if (fd != nullptr) *fd = std::move(got.fd);
  return static_cast<Message>(type);
}

Result<void> expect_end(int socket) {
  TRY_SET(const bool other, expect_end_or(socket, Message::kError));
  (void)other;
  return {};
}

Result<bool> expect_end_or(int socket, Message message) {
  TRY_SET(Received got, receive(socket));
  if (got.data.empty()) return false;
  if (got.data.front() == static_cast<char>(Message::kError)) return decode_error(std::string_view(got.data).substr(1));
  if (got.data.front() == static_cast<char>(message)) return true;
  return fail(Code::kFailed, "the container's process is out of step at its start");
}

}  // namespace creel::engine::runtime
