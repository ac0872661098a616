#include "registry/oci/conversion.h"

#include <array>
#include <utility>

#include "registry/oci/manifest.h"

namespace creel::registry::oci {

std::string layer_type_in(const std::string& type, bool docker) {
  static const std::array<std::pair<const char*, const char*>, 3> kTypes{
      {{kOciLayer, "application/vnd.docker.image.rootfs.diff.tar"},
       {kOciLayerGzip, kDockerLayerGzip},
       {kOciLayerZstd, "application/vnd.docker.image.rootfs.diff.tar.zstd"}}};
  for (const auto& [oci, dockers] : kTypes) {
    if (type == oci || type == dockers) return docker ? dockers : oci;
  }
  return type;
}

}  // namespace creel::registry::oci
