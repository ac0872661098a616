#include "engine/runtime/instance/console_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/unix_socket.h"

namespace creel::engine::runtime {

Result<Fd> connect_console_socket(const std::string& path) {
  auto fd = connect_unix(AT_FDCWD, path, SOCK_STREAM);
  if (!fd.ok()) return std::move(fd).error().within("--console-socket");
  return fd;
}

Result<void> send_terminal(int socket, int terminal) {
  // What receivers take for the terminal's name.
  char name[] = "/dev/ptmx";
  const iovec io{name, sizeof(name) - 1};
  if (send_with_fd(socket, &io, 1, terminal) < 0) return errno_error("sending the terminal to the console socket");
  return {};
}

}  // namespace creel::engine::runtime
