// -v, --mount, --tmpfs and the image's VOLUMEs.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/volume/volume.h"

namespace creel::engine {

namespace {

Result<void> resolve_bind(VolumeMount& mount) {
  if (mount.source.front() != '/') {
    char here[4096];
    if (!getcwd(here, sizeof here)) return errno_error("finding the current directory");
    mount.source = std::string(here) + "/" + mount.source;
  }
  mount.source = clean_path(mount.source);
  struct stat info {};
  if (stat(mount.source.c_str(), &info) != 0) return errno_error("statfs " + mount.source);
  return {};
}

Result<void> resolve_volume(Creation& creation, VolumeMount& mount) {
  if (mount.name.empty()) {
    mount.anonymous = true;
    mount.name = random_hex(32);
  }
  TRY(check_volume_name(mount.name));
  mount.source = creation.engine.paths().volume_data(mount.name);
  storage::VolumeRecord record;
  record.name = mount.name;
  record.created_ns = creation.config.created_ns;
  record.anonymous = mount.anonymous;
  creation.volumes.push_back(std::move(record));
  return {};
}

}  // namespace

Result<void> pass_mounts(Creation& creation) {
  const CreateOptions& options = creation.options;
  std::vector<VolumeMount>& mounts = creation.config.mounts;
  for (const std::string& text : options.volume) {
    TRY_SET(VolumeMount mount, parse_volume(text));
    mounts.push_back(std::move(mount));
  }
  for (const std::string& text : options.mount) {
    TRY_SET(VolumeMount mount, parse_mount(text));
    mounts.push_back(std::move(mount));
  }
  for (const std::string& text : options.tmpfs) {
    TRY_SET(VolumeMount mount, parse_tmpfs(text));
    mounts.push_back(std::move(mount));
  }
  std::set<std::string> destinations;
  for (const VolumeMount& mount : mounts) {
    if (!destinations.insert(mount.destination).second) {
      return fail(Code::kInvalid, mount.destination + ": duplicate mount destination");
    }
  }
  for (const std::string& path : creation.image_config.volumes) {
    if (path.empty()) continue;
    const std::string destination = clean_path("/" + path);
    if (destination == "/" || !destinations.insert(destination).second) continue;
    VolumeMount mount;
    mount.type = VolumeMount::Type::kVolume;
    mount.destination = destination;
    mounts.push_back(std::move(mount));
  }
  // Nothing is made here: volumes appear with the container's record, their directories after it.
  for (VolumeMount& mount : mounts) {
    if (mount.type == VolumeMount::Type::kBind) TRY(resolve_bind(mount));
    if (mount.type == VolumeMount::Type::kVolume && !mount.name.empty()) TRY(check_volume_name(mount.name));
  }
  for (VolumeMount& mount : mounts) {
    if (mount.type == VolumeMount::Type::kVolume) TRY(resolve_volume(creation, mount));
  }
  return {};
}

}  // namespace creel::engine
