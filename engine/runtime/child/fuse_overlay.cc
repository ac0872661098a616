#include "engine/runtime/child/fuse_overlay.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine::runtime {

namespace {

// The program splits its options at these.
Result<void> check_path(const std::string& path) {
  if (path.find_first_of(":,\\") == std::string::npos) return {};
  return fail(Code::kInvalid, "fuse-overlayfs cannot be given the path " + path)
      .with_hint("use a --root without colons, commas and backslashes");
}

// "id on disk:id shown:count:…"
std::string id_mapping(const std::vector<IdMapStep>& map) {
  std::string out;
  for (const IdMapStep& range : map) {
    if (!out.empty()) out += ':';
    out += std::to_string(range.inside) + ":" + std::to_string(range.outside) + ":" + std::to_string(range.count);
  }
  return out;
}

}  // namespace

Result<FuseMount> mount_fuse() {
  FuseMount out;
  auto device = open_file("/dev/fuse", O_RDWR);
  if (!device.ok()) {
    Error error = std::move(device).error();
    error.code = Code::kUnavailable;
    return error;
  }
  out.device = std::move(*device);
  const MountOptions options = {{"fd", std::to_string(out.device.get())},
                                {"rootmode", "40000"},
                                {"user_id", "0"},
                                {"group_id", "0"},
                                {"allow_other", ""},
                                {"default_permissions", ""}};
  TRY_SET(out.mount, mount_filesystem("fuse", "fuse-overlayfs", options, 0));
  return out;
}

Result<Process> serve_fuse(const Plan& plan, int device) {
  std::string program = plan.fuse_overlayfs;
  if (program.empty()) {
    auto found = find_program("fuse-overlayfs");
    if (!found.ok()) {
      return fail(Code::kUnavailable, "the container's file system needs fuse-overlayfs, which is not installed")
          .with_hint("install the package fuse-overlayfs");
    }
    program = std::move(*found);
  }
  for (const std::string& path : plan.lower) TRY(check_path(path));
  std::string options = "lowerdir=" + join(plan.lower, ":");
  if (!plan.upper.empty()) {
    TRY(check_path(plan.upper));
    options += ",upperdir=" + plan.upper + ",workdir=" + plan.work;
  }
  if (!plan.uid_map.empty() && !has_foreign_user_namespace(plan)) {
    options += ",uidmapping=" + id_mapping(plan.uid_map) + ",gidmapping=" + id_mapping(plan.gid_map);
  }
  SpawnRequest request;
  request.path = program;
  request.argv = {"fuse-overlayfs", "-f", "-o", options, "/dev/fd/3"};
  request.fds = {{device, 3}};
  request.new_session = true;
  return spawn(request);
}

}  // namespace creel::engine::runtime
