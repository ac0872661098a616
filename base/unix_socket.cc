#include "base/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace creel {

namespace {

// An address has room for 108 bytes, a directory's path for 4,096: the way leads through a descriptor.
sockaddr_un address_of(int fd, const std::string& name) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(fd) + (name.empty() ? "" : "/" + name);
  std::memcpy(out.sun_path, path.c_str(), std::min(path.size(), sizeof(out.sun_path) - 1));
  return out;
}

Result<Fd> make_socket(int type) {
  Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("making a socket");
  return fd;
}

}  // namespace

Result<Fd> listen_unix(int dir, const std::string& name, int type, int backlog) {
  constexpr std::size_t kLongestName = 64;
  if (name.empty() || name.size() > kLongestName || name.find('/') != std::string::npos) {
    return fail(Code::kInvalid, "making socket \"" + name + "\": not the name of a socket");
  }
  TRY_SET(Fd fd, make_socket(type));
  const sockaddr_un address = address_of(dir, name);
  const bool datagrams = (type & ~SOCK_NONBLOCK) == SOCK_DGRAM;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      (!datagrams && listen(fd.get(), backlog) != 0)) {
    return errno_error("making socket " + name);
  }
  return fd;
}

Result<Fd> connect_unix(int dir, const std::string& name, int type) {
  TRY_SET(const Fd node, open_at(dir, name, O_PATH));
  TRY_SET(Fd fd, make_socket(type));
  const sockaddr_un address = address_of(node.get(), {});
  while (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EINTR) return errno_error("connecting to socket " + name);
  }
  return fd;
}

ssize_t send_with_fd(int socket, const iovec* parts, int count, int fd, int flags) {
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(parts);
  header.msg_iovlen = static_cast<std::size_t>(count);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  }
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &header, MSG_NOSIGNAL | flags);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t receive_with_fd(int socket, iovec* parts, int count, Fd& fd) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = static_cast<std::size_t>(count);
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  ssize_t got = -1;
  for (bool reset = false; got < 0;) {
    got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (got >= 0 || (errno != EINTR && (errno != ECONNRESET || reset))) break;
    reset = reset || errno == ECONNRESET;
  }
  if (got < 0) return got;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    std::memcpy(&number, CMSG_DATA(c), sizeof(number));
    fd = Fd(number);
  }
  return got;
}

}  // namespace creel
