// Root file systems mounted for people to look at: `creel mount`, `creel image mount`. They are in the caller's mount
// namespace alone: of root that is the host's, of a user the session of `creel unshare`, with which they go. No record
// is kept; the kernel knows what is mounted. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace creel::engine {

struct MountedTree {
  std::string id;    // of the container or image
  std::string path;  // where it is seen
};
// kInvalid, as an ordinary user outside a session: `command` ("mount") is named with the cure.
Result<void> may_mount(const Engine& engine, const std::string& command);

// Read-only. Mounted already: where it is, and once more, so that it is to be unmounted as often.
Result<std::string> mount_image(Engine& engine, const storage::ImageRecord& image);
// Writable, as the container would find it. Of one that runs, its own view: /proc/PID/root.
Result<std::string> mount_container(Engine& engine, const std::string& name);
Result<std::vector<MountedTree>> mounted_images(Engine& engine);
// Those that run too: they can be seen at any time.
Result<std::vector<MountedTree>> mounted_containers(Engine& engine);
// Once, or with `force` as often as it is mounted; false: it was not. kInUse while something in it is in use, unless
// `force`.
Result<bool> unmount_image(Engine& engine, const std::string& id, bool force);
Result<bool> unmount_container(Engine& engine, const std::string& id, bool force);
// Before the files of what is removed go: here and in all other sessions.
Result<void> unmount_removed_image(Engine& engine, const std::string& id);
Result<void> unmount_removed_container(Engine& engine, const std::string& id);

}  // namespace creel::engine
