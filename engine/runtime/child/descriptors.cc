#include "engine/runtime/child/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace creel::engine::runtime {

namespace {

struct Move {
  int from, to;
  int* learns;
};

bool contains(const std::vector<int>& sorted, int fd) { return std::binary_search(sorted.begin(), sorted.end(), fd); }

// A copy at a number that is nobody's target.
int move_aside(int fd, const std::vector<int>& targets) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  std::vector<int> in_between;
  while (copy >= 0 && contains(targets, copy)) {
    in_between.push_back(copy);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, copy + 1);
  }
  for (const int other : in_between) close(other);
  return copy;
}

void close_own(const std::vector<std::uint32_t>& numbers) {
  for (const std::uint32_t number : numbers) {
    const int fd = static_cast<int>(number);
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) close(fd);
  }
}

Result<void> close_all_but(const std::vector<int>& sorted) {
  unsigned from = 3;
  for (const int fd : sorted) {
    const auto number = static_cast<unsigned>(fd);
    if (number < from) continue;
    if (number > from) syscall(SYS_close_range, from, number - 1, 0u);
    from = number + 1;
  }
  if (syscall(SYS_close_range, from, ~0u, 0u) != 0) return errno_error("closing descriptors");
  return {};
}

}  // namespace

bool is_inherited(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

Result<std::vector<std::uint32_t>> inherited_descriptors(int count) {
  std::vector<std::uint32_t> out;
  for (int fd = 3; fd < 3 + count; ++fd) {
    if (!is_inherited(fd)) {
      return fail(Code::kInvalid, "preserving " + std::to_string(count) + " descriptors: " + std::to_string(fd) + " is not open");
    }
    out.push_back(static_cast<std::uint32_t>(fd));
  }
  return out;
}

Result<void> arrange_descriptors(const Stdio& stdio, const Preserved& preserved, std::initializer_list<int*> kept,
                                 const std::vector<int>& staying) {
  std::vector<Move> moves = {{stdio.in, 0, nullptr}, {stdio.out, 1, nullptr}, {stdio.err, 2, nullptr}};
  std::vector<int> targets(preserved.numbers.begin(), preserved.numbers.end());
  for (std::size_t i = 0; i < preserved.from.size() && i < targets.size(); ++i) {
    moves.push_back({preserved.from[i], targets[i], nullptr});
  }
  targets.insert(targets.end(), staying.begin(), staying.end());
  std::sort(targets.begin(), targets.end());
  int next = 3;
  for (int* one : kept) {
    if (*one < 0) continue;
    while (contains(targets, next)) ++next;
    moves.push_back({*one, next, one});
    targets.insert(std::lower_bound(targets.begin(), targets.end(), next), next);
  }
  // Out of the way of all targets first.
  for (Move& move : moves) {
    if (move.from < 0 || move.from == move.to) continue;
    move.from = move_aside(move.from, targets);
    if (move.from < 0) return errno_error("arranging descriptors");
  }
  if (preserved.from.empty()) close_own(preserved.numbers);
  for (const Move& move : moves) {
    if (move.from < 0) continue;
    if (move.from == move.to) {
      fcntl(move.to, F_SETFD, move.learns != nullptr ? FD_CLOEXEC : 0);
      continue;
    }
    // What is kept is ours, all others the container's.
    if (dup3(move.from, move.to, move.learns != nullptr ? O_CLOEXEC : 0) < 0) return errno_error("arranging descriptors");
    if (move.learns != nullptr) *move.learns = move.to;
  }
  return close_all_but(targets);
}

}  // namespace creel::engine::runtime
