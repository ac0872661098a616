#include "cmd/exit_code.h"

namespace creel::cmd {

int exit_code(const Error& error) {
  switch (error.code) {
    case Code::kCannotInvoke:
      return 126;
    case Code::kCommandAbsent:
      return 127;
    default:
      return kExitEngine;
  }
}

int removal_exit_code(const Error& error) {
  if (error.code == Code::kNotFound) return 1;
  if (error.code == Code::kInUse) return 2;
  return exit_code(error);
}

}  // namespace creel::cmd
