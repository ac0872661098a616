// kCgroupV1 (see mount_kinds.h, cgroups(7)).
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/mount_kinds.h"
#include "engine/runtime/child/namespaces.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kHostHierarchies = "/sys/fs/cgroup/";

struct Hierarchy {
  std::string options;    // "cpu,cpuacct", "name=systemd"
  std::string directory;  // "cpu,cpuacct", "systemd"
  std::string group;      // of this process
};

// Lines "4:cpu,cpuacct:/group" of /proc/self/cgroup; cgroup v2 has no name.
Result<std::vector<Hierarchy>> hierarchies() {
  TRY_SET(const std::string text, read_file("/proc/self/cgroup", 65536));
  std::vector<Hierarchy> out;
  for (const std::string& line : split(text, '\n')) {
    const Cut number = cut(line, ':');
    const Cut names = cut(number.after, ':');
    if (!names.found || names.before.empty()) continue;
    const bool named = names.before.starts_with("name=");
    out.push_back({names.before, named ? names.before.substr(5) : names.before, names.after});
  }
  return out;
}

// In a cgroup namespace a hierarchy is mounted anew and shows the container's group as its root; else the host's part is
// bound.
Result<Fd> open_hierarchy(const MountContext& context, const MountStep& step, const Hierarchy& hierarchy) {
  const std::uint64_t attributes = step.attr_set | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (makes_namespace(context.plan, CLONE_NEWCGROUP) || joins_namespace(context.plan, CLONE_NEWCGROUP)) {
    auto mounted = mount_filesystem("cgroup", "cgroup", parse_mount_data(hierarchy.options), attributes);
    if (mounted.ok() || (mounted.error().err != EPERM && mounted.error().err != EBUSY)) return mounted;
  }
  TRY_SET(Fd tree, clone_tree(AT_FDCWD, kHostHierarchies + hierarchy.directory + hierarchy.group, true));
  TRY(set_attributes(tree.get(), attributes, 0, MS_PRIVATE, true, step.destination));
  return tree;
}

}  // namespace

Result<void> mount_cgroup_v1(MountContext& context, const MountStep& step) {
  TRY_SET(const std::vector<Hierarchy> all, hierarchies());
  TRY_SET(Fd top, mount_filesystem("tmpfs", "cgroup", {{"mode", "755"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  TRY_SET(Fd place, open_destination(context.root, step.destination, true));
  TRY(attach(top.get(), place.get(), step.destination));
  for (const Hierarchy& hierarchy : all) {
    const std::string name = step.destination + "/" + hierarchy.directory;
    auto mounted = open_hierarchy(context, step, hierarchy);
    // Not mounted on the host either.
    if (!mounted.ok() && mounted.error().err == ENOENT) continue;
    if (!mounted.ok()) return std::move(mounted).error().within(name);
    if (mkdirat(top.get(), hierarchy.directory.c_str(), 0755) != 0) return errno_error("making directory " + name);
    TRY_SET(Fd target, open_at(top.get(), hierarchy.directory, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    TRY(attach(mounted->get(), target.get(), name));
    // "cpu" and "cpuacct" lead to "cpu,cpuacct".
    const std::vector<std::string> controllers = split(hierarchy.directory, ',');
    for (const std::string& one : controllers) {
      if (controllers.size() > 1) (void)symlinkat(hierarchy.directory.c_str(), top.get(), one.c_str());
    }
  }
  return dress_mount(top.get(), step, false);
}

}  // namespace creel::engine::runtime
