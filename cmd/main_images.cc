// libexec/creel/creel-images: the same commands as creel, and those that move images (cmd/images/factories.cc).
#include "cmd/command.h"
#include "cmd/image_plane.h"

int main(int argc, char** argv) {
  // Named here, so that the linker takes this program's table of factories although its library comes first.
  (void)creel::cmd::image_plane_factory({});
  return creel::cmd::run_command_line(argc, argv);
}
