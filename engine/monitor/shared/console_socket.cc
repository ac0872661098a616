#include "engine/monitor/shared/console_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/file.h"
#include "base/unix_socket.h"

namespace creel::engine::monitor {

namespace {

constexpr int kPatienceMs = 10000;

Result<void> wait_readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&waiting, 1, kPatienceMs)) < 0 && errno == EINTR) {
  }
  if (ready > 0) return {};
  return fail(Code::kFailed, "the OCI runtime did not hand over the container's terminal");
}

}  // namespace

Result<ConsoleSocket> ConsoleSocket::listen(const std::string& dir, const std::string& name) {
  ConsoleSocket out;
  TRY_SET(Fd directory, open_file(dir, O_PATH | O_DIRECTORY));
  auto listener = listen_unix(directory.get(), name, SOCK_STREAM, 1);
  if (!listener.ok()) return std::move(listener).error().within(dir);
  out.listener_ = std::move(*listener);
  return out;
}

Result<Fd> ConsoleSocket::receive() {
  TRY(wait_readable(listener_.get()));
  const Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.valid()) return errno_error("accepting the container's terminal");
  TRY(wait_readable(connection.get()));
  char text[4096];  // the terminal's name, which nobody needs
  iovec io{text, sizeof(text)};
  Fd terminal;
  if (receive_with_fd(connection.get(), &io, 1, terminal) < 0) return errno_error("receiving the container's terminal");
  if (!terminal.valid()) return fail(Code::kFailed, "the OCI runtime sent no terminal");
  return terminal;
}

}  // namespace creel::engine::monitor
