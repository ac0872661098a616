// libexec/creel/creel-images: the same commands as creel, and those that move images (cmd/images/factories.cc).
#include "cmd/command.h"

int main(int argc, char** argv) {
  return creel::cmd::run_command_line(argc, argv);
}
