// bin/creel: every command but those of the image plane, which creel-images carries.
#include "cmd/command.h"
#include "cmd/image_plane.h"
#include "cmd/manifest_plane.h"
#include "cmd/registry_plane.h"

namespace creel::cmd {

const ImagePlane& image_plane() {
  static constexpr ImagePlane kNone{};
  return kNone;
}
const RegistryPlane& registry_plane() {
  static constexpr RegistryPlane kNone{};
  return kNone;
}
std::unique_ptr<Handler> (*image_plane_factory(std::string_view))() {
  return nullptr;
}

const ManifestPlane& manifest_plane() {
  static constexpr ManifestPlane kNone{};
  return kNone;
}

}  // namespace creel::cmd

int main(int argc, char** argv) {
  return creel::cmd::run_command_line(argc, argv);
}
