#include "engine/mounts.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/state.h"
#include "engine/runtime/child/rootfs.h"

namespace creel::engine {
namespace {

constexpr std::string_view kImage = "image-";
constexpr std::string_view kContainer = "container-";

// Volatile, and of this file alone: <runtime>/mounts/image-<id>, container-<id>, and "empty".
std::string directory_of(Engine& engine) {
  return engine.paths().runtime + "/mounts";
}

std::string point_of(Engine& engine, std::string_view kind, const std::string& id) {
  return directory_of(engine) + "/" + std::string(kind) + id;
}

// proc(5): the fifth field of a line, spaces and backslashes as \040 and \134.
std::string mount_point_of(const std::string& line) {
  const std::vector<std::string> fields = split(line, ' ');
  if (fields.size() < 5) return {};
  std::string out;
  for (std::size_t i = 0; i < fields[4].size(); ++i) {
    if (fields[4][i] == '\\' && i + 3 < fields[4].size()) {
      out += static_cast<char>(std::stoi(fields[4].substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      out += fields[4][i];
    }
  }
  return out;
}

// IDs of what is mounted, in the order of mounting; each as often as it is.
Result<std::vector<std::string>> mounted(Engine& engine, std::string_view kind) {
  std::vector<std::string> out;
  const std::string prefix = point_of(engine, kind, {});
  TRY_SET(const std::string text, read_file("/proc/self/mountinfo"));
  for (const std::string& line : split(text, '\n')) {
    const std::string point = mount_point_of(line);
    if (!point.starts_with(prefix)) continue;
    const std::string id = point.substr(prefix.size());
    if (id.find('/') == std::string::npos) out.push_back(id);
  }
  return out;
}

bool contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// Who mounts what is mounted shares it, and it stays until the last has unmounted it: the kernel counts, for each is a
// mount of its own on top of the others.
Result<void> mount_once_more(const std::string& point) {
  if (::mount(point.c_str(), point.c_str(), nullptr, MS_BIND, nullptr) == 0) return {};
  return errno_error("mounting " + point + " once more");
}

bool needs_program = false;
void note_program(int, int) {
  needs_program = true;
}

Result<std::string> mount_layers(Engine& engine, std::string_view kind, const std::string& id, runtime::Plan plan) {
  const std::string point = point_of(engine, kind, id);
  TRY_SET(const std::vector<std::string> there, mounted(engine, kind));
  if (contains(there, id)) {
    TRY(mount_once_more(point));
    return point;
  }
  TRY(make_dirs(point));
  plan.overlay_user_xattr = engine.rootless();
  runtime::Sources none;
  needs_program = false;
  auto root = runtime::mount_root(plan, none, -1, note_program, point);
  if (root.ok() && needs_program) {
    ::umount2(point.c_str(), MNT_DETACH);
    root = fail(Code::kUnavailable, "this kernel does not mount overlays here");
  }
  if (!root.ok()) return std::move(root).error().within("mounting " + id);
  return point;
}

Result<bool> unmount(Engine& engine, std::string_view kind, const std::string& id, bool force) {
  const std::string point = point_of(engine, kind, id);
  TRY_SET(const std::vector<std::string> there, mounted(engine, kind));
  const auto times = std::count(there.begin(), there.end(), id);
  for (auto left = force ? times : std::min<std::ptrdiff_t>(times, 1); left > 0; --left) {
    if (::umount2(point.c_str(), UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) == 0) continue;
    Error error = errno_error("unmounting " + point);
    if (error.err != EBUSY) return error;
    error.code = Code::kInUse;
    return std::move(error).with_hint("leave the directory, or use --force");
  }
  // The directory stays: to remove it would be to unmount what another session has there.
  return times > 0;
}

// What is about to be removed.
Result<void> unmount_everywhere(Engine& engine, std::string_view kind, const std::string& id) {
  const std::string point = point_of(engine, kind, id);
  if (!path_exists(point)) return {};
  TRY(unmount(engine, kind, id, true));
  // The kernel unmounts in all other mount namespaces what is on a directory that is removed.
  ::rmdir(point.c_str());
  return {};
}

// Each once.
Result<std::vector<std::string>> all_mounted(Engine& engine, std::string_view kind) {
  TRY_SET(const std::vector<std::string> ids, mounted(engine, kind));
  std::vector<std::string> out;
  for (const std::string& id : ids) {
    if (!contains(out, id)) out.push_back(id);
  }
  return out;
}

// Of a container that runs.
std::string live_root(const Container& container) {
  return "/proc/" + std::to_string(container.observed.state->pid) + "/root";
}

}  // namespace

Result<void> may_mount(const Engine& engine, const std::string& command) {
  if (engine.identity() != rootless::Identity::kUser) return {};
  return fail(Code::kInvalid,
              "cannot run command \"creel " + command + "\" in rootless mode, must execute `creel unshare` first");
}

Result<std::string> mount_image(Engine& engine, const storage::ImageRecord& image) {
  runtime::Plan plan;
  for (auto layer = image.diff_ids.rbegin(); layer != image.diff_ids.rend(); ++layer) {
    plan.lower.push_back(engine.paths().layer(layer->hex()));
  }
  if (plan.lower.empty()) return fail(Code::kInvalid, "image " + image.id + " has no layers to mount");
  // Overlay wants two directories at least.
  TRY(make_dirs(directory_of(engine) + "/empty"));
  if (plan.lower.size() == 1) plan.lower.push_back(directory_of(engine) + "/empty");
  return mount_layers(engine, kImage, image.id, std::move(plan));
}

Result<std::string> mount_container(Engine& engine, const std::string& name) {
  TRY_SET(const Container container, find(engine, name));
  if (container.observed.state) return live_root(container);
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const storage::ContainerRecord record, store->container(container.record.id));
  TRY_SET(const ContainerConfig config, config_of(record));
  if (!config.rootfs.empty()) return config.rootfs;
  runtime::Plan plan;
  for (auto layer = config.layers.rbegin(); layer != config.layers.rend(); ++layer) {
    plan.lower.push_back(engine.paths().layer(*layer));
  }
  plan.upper = engine.paths().container(record.id) + "/upper";
  plan.work = engine.paths().container(record.id) + "/work";
  return mount_layers(engine, kContainer, record.id, std::move(plan));
}

Result<std::vector<MountedTree>> mounted_images(Engine& engine) {
  TRY_SET(const std::vector<std::string> ids, all_mounted(engine, kImage));
  std::vector<MountedTree> out;
  for (const std::string& id : ids) out.push_back({id, point_of(engine, kImage, id)});
  return out;
}

Result<std::vector<MountedTree>> mounted_containers(Engine& engine) {
  TRY_SET(const std::vector<std::string> ids, all_mounted(engine, kContainer));
  TRY_SET(const std::vector<Container> all, list(engine, {.all = true}));
  std::vector<MountedTree> out;
  for (const Container& container : all) {
    const std::string& id = container.record.id;
    if (container.observed.state) {
      out.push_back({id, live_root(container)});
    } else if (contains(ids, id)) {
      out.push_back({id, point_of(engine, kContainer, id)});
    }
  }
  return out;
}

Result<bool> unmount_image(Engine& engine, const std::string& id, bool force) {
  return unmount(engine, kImage, id, force);
}

Result<bool> unmount_container(Engine& engine, const std::string& id, bool force) {
  return unmount(engine, kContainer, id, force);
}

Result<void> unmount_removed_image(Engine& engine, const std::string& id) {
  return unmount_everywhere(engine, kImage, id);
}

Result<void> unmount_removed_container(Engine& engine, const std::string& id) {
  return unmount_everywhere(engine, kContainer, id);
}

}  // namespace creel::engine
