// Sockets of the Unix domain by names of any length, and descriptors that travel with a message. See unix(7), cmsg(3).
// Thread-safe. All descriptors are close-on-exec.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace creel {

// `type`: SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM, perhaps with SOCK_NONBLOCK. `name` beneath `dir` must not exist yet.
Result<Fd> listen_unix(int dir, const std::string& name, int type, int backlog);
// `dir` may be AT_FDCWD. ECONNREFUSED, ENOENT: nobody listens.
Result<Fd> connect_unix(int dir, const std::string& name, int type);

// sendmsg(2), with `fd` where it is not -1. Never SIGPIPE; goes on after EINTR. -1: errno says why.
ssize_t send_with_fd(int socket, const iovec* parts, int count, int fd, int flags = 0);
// recvmsg(2); `fd` gets what came along. A peer that went without having read everything resets the connection, which the
// kernel tells once, and before what the peer had to say: here it is told last, as ECONNRESET.
ssize_t receive_with_fd(int socket, iovec* parts, int count, Fd& fd);

}  // namespace creel
