#include "cmd/output/confirm.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace creel::cmd {

Result<bool> confirmed(const std::string& warning) {
  std::printf("%sAre you sure you want to continue? [y/N] ", warning.c_str());
  std::fflush(stdout);
  std::string line;
  // Not a byte more than the line: what follows is for others.
  for (char c = 0; c != '\n';) {
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("reading the answer");
    if (got == 0) return fail(Code::kFailed, "EOF");
    line += c;
  }
  return line.front() == 'y' || line.front() == 'Y';
}

}  // namespace creel::cmd
