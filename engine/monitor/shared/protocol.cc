#include "engine/monitor/shared/protocol.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/unix_socket.h"

namespace creel::engine::monitor {

Result<Packet> receive_packet(int socket) {
  // One for all packets: a monitor's memory must not grow by what it happened to be told once.
  static char room[kChunk];
  Packet out;
  char type = 0;
  iovec io[2] = {{&type, 1}, {room, sizeof(room)}};
  const ssize_t got = receive_with_fd(socket, io, 2, out.fd);
  if (got == 0 || (got < 0 && (errno == ECONNRESET || errno == EPIPE))) {
    out.closed = true;
    return out;
  }
  if (got < 0) return errno_error("talking to the container's monitor");
  out.type = static_cast<Type>(type);
  out.data.assign(room, static_cast<std::size_t>(got) - 1);
  return out;
}

bool send_packet(int socket, Type type, std::string_view data, bool wait, int fd) {
  char first = static_cast<char>(type);
  const iovec io[2] = {{&first, 1}, {const_cast<char*>(data.data()), data.size()}};
  return send_with_fd(socket, io, data.empty() ? 1 : 2, fd, wait ? 0 : MSG_DONTWAIT) >= 0;
}

}  // namespace creel::engine::monitor
