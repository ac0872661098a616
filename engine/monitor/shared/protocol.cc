#include "engine/monitor/shared/protocol.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace creel::engine::monitor {

Result<Packet> receive_packet(int socket) {
  // One for all packets: a monitor's memory must not grow by what it happened to be told once.
  static char room[kChunk];
  Packet out;
  char type = 0;
  iovec io[2] = {{&type, 1}, {room, sizeof(room)}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = io;
  header.msg_iovlen = 2;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  ssize_t got = -1;
  // ECONNRESET once: the other side went without having read all of ours; what it said before is still to be read.
  for (bool reset = false; got < 0;) {
    got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (got >= 0 || (errno != EINTR && (errno != ECONNRESET || reset))) break;
    reset = reset || errno == ECONNRESET;
  }
  if (got == 0 || (got < 0 && (errno == ECONNRESET || errno == EPIPE))) {
    out.closed = true;
    return out;
  }
  if (got < 0) return errno_error("talking to the container's monitor");
  out.type = static_cast<Type>(type);
  out.data.assign(room, static_cast<std::size_t>(got) - 1);
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    out.fd = Fd(fd);
  }
  return out;
}

bool send_packet(int socket, Type type, std::string_view data, bool wait, int fd) {
  char first = static_cast<char>(type);
  iovec io[2] = {{&first, 1}, {const_cast<char*>(data.data()), data.size()}};
  msghdr header{};
  header.msg_iov = io;
  header.msg_iovlen = data.empty() ? 1 : 2;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &fd, sizeof(fd));
  }
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

}  // namespace creel::engine::monitor
