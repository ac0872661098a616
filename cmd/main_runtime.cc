// bin/creel-runtime: the built-in runtime as an OCI runtime's command line, for Podman, containerd and CRI-O.
#include <malloc.h>

#include "cmd/runtime/command.h"

int main(int argc, char** argv) {
  // It lives for milliseconds: to grow the heap once and to give nothing back is a dozen system calls less, in the container's
  // process as well.
  mallopt(M_TOP_PAD, 512 << 10);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  return creel::cmd::runtime::run_command_line(argc, argv);
}
