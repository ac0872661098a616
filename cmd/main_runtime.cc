// bin/creel-runtime: the built-in runtime as an OCI runtime's command line, for Podman, containerd and CRI-O.
#include "cmd/runtime/command.h"

int main(int argc, char** argv) {
  return creel::cmd::runtime::run_command_line(argc, argv);
}
