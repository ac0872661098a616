// kFilesystem, kTmpcopyup (see mount_kinds.h).
#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>

#include "base/file.h"
#include "engine/runtime/child/copy_tree.h"
#include "engine/runtime/child/mount_api.h"
#include "engine/runtime/child/mount_kinds.h"

namespace creel::engine::runtime {

namespace {

// The host's own file system of this type, where it is usually mounted.
struct Usual {
  const char* type;
  const char* path;
  bool readonly;
};
constexpr Usual kUsual[] = {{"sysfs", "/sys", true}, {"cgroup2", "/sys/fs/cgroup", true}, {"proc", "/proc", false}, {"mqueue", "/dev/mqueue", false}};

// What stands in where the kernel does not let this namespace mount its own: it shares the one that is shown with the host.
Result<Fd> substitute(const MountStep& step, const MountOptions& options, Error error) {
  if (step.type == "devpts" && error.err == EINVAL) {
    // Group 5 (tty) is not mapped.
    MountOptions rest;
    for (const auto& option : options) {
      if (option.first != "gid") rest.push_back(option);
    }
    return mount_filesystem(step.type, "devpts", rest, step.attr_set);
  }
  if (error.err != EPERM && error.err != EBUSY) return error;
  for (const Usual& usual : kUsual) {
    if (step.type != usual.type) continue;
    TRY_SET(Fd tree, clone_tree(AT_FDCWD, usual.path, true));
    const std::uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
                                     (usual.readonly ? std::uint64_t{MOUNT_ATTR_RDONLY} : step.attr_set & MOUNT_ATTR_RDONLY);
    TRY(set_attributes(tree.get(), attributes, 0, MS_PRIVATE, true, step.destination));
    return tree;
  }
  return error;
}

bool takes_label(const std::string& type) { return type == "tmpfs" || type == "mqueue" || type == "devpts"; }

}  // namespace

Result<void> mount_new_filesystem(MountContext& context, const MountStep& step) {
  if (step.type == "cgroup2") TRY(context.be_placed());
  const bool filled = step.kind == MountStep::Kind::kTmpcopyup;
  // What is to be filled becomes read-only afterwards.
  const std::uint64_t attributes = filled ? step.attr_set & ~std::uint64_t{MOUNT_ATTR_RDONLY} : step.attr_set;
  MountOptions options = parse_mount_data(step.data);
  if (!context.plan.mount_label.empty() && takes_label(step.type)) options.emplace_back("context", context.plan.mount_label);
  auto mounted = mount_filesystem(step.type, step.source.empty() ? step.type : step.source, options, attributes);
  if (!mounted.ok()) mounted = substitute(step, options, std::move(mounted).error());
  if (!mounted.ok()) return std::move(mounted).error().within(step.destination);
  TRY_SET(Fd target, open_destination(context.root, step.destination, true));
  if (filled) {
    if (auto from = open_in_root(context.root, step.destination, O_RDONLY | O_DIRECTORY); from.ok()) {
      TRY_SET(Fd to, open_tree_directory(mounted->get()));
      TRY(copy_tree(from->get(), to.get(), step.data.find("mode=") == std::string::npos));
    }
    if (attributes != step.attr_set) TRY(set_attributes(mounted->get(), MOUNT_ATTR_RDONLY, 0, 0, false, step.destination));
  }
  if (step.attr_set_recursive != 0 || step.attr_clear_recursive != 0) {
    TRY(set_attributes(mounted->get(), step.attr_set_recursive, step.attr_clear_recursive, 0, true, step.destination));
  }
  // A new mount is private.
  if (step.propagation != 0) TRY(set_propagation(mounted->get(), step.propagation, false, step.destination));
  note_covered(context, target.get());
  TRY(attach(mounted->get(), target.get(), step.destination));
  if (step.destination == "/proc") context.procfs = std::move(*mounted);
  if (step.destination == "/sys") context.sysfs = std::move(*mounted);
  return {};
}

}  // namespace creel::engine::runtime
