#include "engine/runtime/instance/console_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <cstring>

#include "base/file.h"

namespace creel::engine::runtime {

Result<Fd> connect_console_socket(const std::string& path) {
  // A socket's address has 108 bytes; paths of state directories may be longer.
  TRY_SET(Fd node, open_file(path, O_PATH));
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("making a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "/proc/self/fd/" + std::to_string(node.get());
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return errno_error("connecting to console socket " + path);
  }
  return fd;
}

Result<void> send_terminal(int socket, int terminal) {
  // What receivers take for the terminal's name.
  char name[] = "/dev/ptmx";
  iovec io{name, sizeof(name) - 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &io;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &terminal, sizeof(terminal));
  if (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) return errno_error("sending the terminal to the console socket");
  return {};
}

}  // namespace creel::engine::runtime
