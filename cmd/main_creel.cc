// bin/creel: every command but those of the image plane, which creel-images carries.
#include "cmd/command.h"
#include "cmd/image_plane.h"

namespace creel::cmd {

std::unique_ptr<Handler> (*image_plane_factory(std::string_view))() {
  return nullptr;
}

}  // namespace creel::cmd

int main(int argc, char** argv) {
  return creel::cmd::run_command_line(argc, argv);
}
