#include "engine/runtime/child/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

namespace creel::engine::runtime {

Result<void> arrange_descriptors(const Stdio& stdio, unsigned preserved, std::initializer_list<int*> kept) {
  const int first = 3 + static_cast<int>(preserved);
  const int above = first + static_cast<int>(kept.size()) + 3;
  struct Move {
    int from, to;
    int* learns;
  };
  std::vector<Move> moves = {{stdio.in, 0, nullptr}, {stdio.out, 1, nullptr}, {stdio.err, 2, nullptr}};
  int next = first;
  for (int* one : kept) {
    if (*one >= 0) moves.push_back({*one, next++, one});
  }
  // Out of the way of all targets first.
  for (Move& move : moves) {
    if (move.from < 0) continue;
    move.from = fcntl(move.from, F_DUPFD_CLOEXEC, above);
    if (move.from < 0) return errno_error("arranging descriptors");
  }
  for (int fd = 3; fd < first; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) close(fd);
  }
  for (const Move& move : moves) {
    if (move.from < 0) continue;
    if (dup3(move.from, move.to, move.to < 3 ? 0 : O_CLOEXEC) < 0) return errno_error("arranging descriptors");
    if (move.learns != nullptr) *move.learns = move.to;
  }
  if (syscall(SYS_close_range, static_cast<unsigned>(next), ~0u, 0u) != 0) return errno_error("closing descriptors");
  return {};
}

}  // namespace creel::engine::runtime
