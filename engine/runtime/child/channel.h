// The conversation between the parent and the process it cloned, as a type: one SOCK_SEQPACKET pair, messages in a fixed
// order (SOURCE for each bind mount of a container with another user namespace, MAPPED, PLACED, FUSE where the root file
// system is served by a program, READY, GO, then end of file when the exec has happened), ERROR at any point from the child.
// READY may come before the process gives up its rights: what then fails is told where GO was to be answered.
// With a start listener GO, and what follows, come over a connection to that.
#pragma once

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

enum class Message : char {
  kSource = 'S',    // parent: a detached mount comes along, the next of Plan::mounts that is bound from the host
  kNamespace = 'N', // child: one of its own namespaces comes along, where only it may open them: mount, user, network
  kMapped = 'M',    // parent: ID maps are written, go on
  kPlaced = 'P',    // parent: the process is in its control group
  kFuse = 'F',      // child: a /dev/fuse that wants to be served comes along
  kReady = 'R',     // child: nothing is left that takes time; may carry the pty's main side
  kGo = 'G',        // parent: exec
  kGuarded = 'X',   // child: traced; the parent looks at what the exec leads to (exec_guard.h)
  kError = 'E',     // child: an encoded Error follows
};

struct ChannelPair {
  Fd parent, child;
};
Result<ChannelPair> make_channel();

// Errors are dropped: the other end is dead, and its end is noticed elsewhere.
void send_message(int socket, Message message, int fd = -1);
void send_error(int socket, const Error& error);
// Waits for exactly `expected`; one thread at a time. The child's ERROR becomes this function's error; anything else, or the end of the other
// side, is an error that says so. `fd` receives what came along.
Result<void> expect_message(int socket, Message expected, Fd* fd = nullptr);
// The same for what may come next in two ways.
Result<Message> expect_either(int socket, Message one, Message other, Fd* fd);
// After GO: end of file is success.
Result<void> expect_end(int socket);
// The same where `message` may come instead, which is true.
Result<bool> expect_end_or(int socket, Message message);

}  // namespace creel::engine::runtime
