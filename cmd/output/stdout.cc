#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "cmd/output/output.h"

namespace creel::cmd {

bool stdout_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

Result<void> flush_stdout() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return errno == 0 ? Result<void>(fail(Code::kFailed, "writing the output failed"))
                    : Result<void>(errno_error("writing the output"));
}

}  // namespace creel::cmd
