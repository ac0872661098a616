#include "engine/monitor/shared/console_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"

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
  out.listener_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!out.listener_.valid()) return errno_error("making a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
  if (path.size() >= sizeof(address.sun_path)) return fail(Code::kInvalid, "socket name " + name + " is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (bind(out.listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(out.listener_.get(), 1) != 0) {
    return errno_error("making socket " + dir + "/" + name);
  }
  return out;
}

Result<Fd> ConsoleSocket::receive() {
  TRY(wait_readable(listener_.get()));
  const Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.valid()) return errno_error("accepting the container's terminal");
  TRY(wait_readable(connection.get()));
  char text[4096];  // the terminal's name, which nobody needs
  iovec io{text, sizeof(text)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = &io;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  if (recvmsg(connection.get(), &header, MSG_CMSG_CLOEXEC) < 0) return errno_error("receiving the container's terminal");
  const cmsghdr* c = CMSG_FIRSTHDR(&header);
  if (c == nullptr || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
    return fail(Code::kFailed, "the OCI runtime sent no terminal");
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(c), sizeof(fd));
  return Fd(fd);
}

}  // namespace creel::engine::monitor
