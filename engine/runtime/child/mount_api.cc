#include "engine/runtime/child/mount_api.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace creel::engine::runtime {

namespace {

int sys_fsopen(const char* type) { return static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)); }
int sys_fsconfig(int fd, unsigned command, const char* key, const void* value) {
  return static_cast<int>(syscall(SYS_fsconfig, fd, command, key, value, 0));
}

// What the kernel wrote about the failure: lines "e text", "w text", "i text".
std::string kernel_log(int context) {
  std::string out;
  char line[512];
  for (int i = 0; i < 8; ++i) {
    const ssize_t got = read(context, line, sizeof(line) - 1);
    if (got <= 2) break;
    std::string text(line + 2, static_cast<std::size_t>(got - 2));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
    out += (out.empty() ? "" : "; ") + text;
  }
  return out;
}

Error with_log(Error error, int context) {
  const std::string log = kernel_log(context);
  if (!log.empty()) error.text += " (" + log + ")";
  return error;
}

}  // namespace

Error mount_error(const std::string& what, int err) {
  Error error = errno_error(what, err);
  switch (err) {
    case ENOSPC:
      return std::move(error).with_hint("too many mounts in this namespace: raise the sysctl fs.mount-max");
    case EPERM:
      return std::move(error).with_hint(
          "the kernel or a security module (AppArmor, SELinux) forbids this mount in a user namespace");
    case ENODEV:
      return std::move(error).with_hint("this kernel lacks the file system");
    default:
      return error;
  }
}

MountOptions parse_mount_data(const std::string& data) {
  MountOptions out;
  std::size_t at = 0;
  while (at < data.size()) {
    std::size_t comma = data.find(',', at);
    if (comma == std::string::npos) comma = data.size();
    const std::string item = data.substr(at, comma - at);
    const std::size_t equals = item.find('=');
    if (!item.empty()) {
      out.emplace_back(item.substr(0, equals), equals == std::string::npos ? std::string() : item.substr(equals + 1));
    }
    at = comma + 1;
  }
  return out;
}

Result<Fd> mount_filesystem(const std::string& type, const std::string& source, const MountOptions& options,
                            std::uint64_t attributes) {
  Fd context(sys_fsopen(type.c_str()));
  if (!context.valid()) return mount_error("mounting " + type, errno);
  if (!source.empty() && sys_fsconfig(context.get(), FSCONFIG_SET_STRING, "source", source.c_str()) != 0) {
    return with_log(mount_error("mounting " + type + " (source " + source + ")", errno), context.get());
  }
  for (const auto& [key, value] : options) {
    const int r = value.empty() ? sys_fsconfig(context.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr)
                                : sys_fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str());
    if (r != 0) {
      const int err = errno;
      return with_log(mount_error("mounting " + type + " (option " + key + (value.empty() ? "" : "=" + value) + ")", err),
                      context.get());
    }
  }
  if (sys_fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr) != 0) {
    const int err = errno;
    return with_log(mount_error("mounting " + type, err), context.get());
  }
  Fd mount(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attributes)));
  if (!mount.valid()) return mount_error("mounting " + type, errno);
  return mount;
}

Result<Fd> clone_tree(int dir, const std::string& path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u) | (path.empty() ? AT_EMPTY_PATH : 0u);
  Fd tree(static_cast<int>(syscall(SYS_open_tree, dir, path.c_str(), flags)));
  if (!tree.valid()) return mount_error("binding " + path, errno);
  return tree;
}

Result<void> attach(int mount, int target, const std::string& name) {
  constexpr unsigned kBoth = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (syscall(SYS_move_mount, mount, "", target, "", kBoth) != 0) return mount_error("mounting on " + name, errno);
  return {};
}

Result<void> set_attributes(int mount, std::uint64_t set, std::uint64_t clear, std::uint64_t propagation, bool recursive,
                            const std::string& name) {
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  attributes.propagation = propagation;
  // The access-time setting is one field: to set it is to clear it first.
  if ((set & MOUNT_ATTR__ATIME) != 0) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u);
  if (syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof(attributes)) != 0) {
    return mount_error("setting the mount options of " + name, errno);
  }
  return {};
}

Result<void> set_propagation(int mount, std::uint64_t flags, bool recursive, const std::string& name) {
  if (flags == 0) return set_attributes(mount, 0, 0, MS_PRIVATE, recursive, name);
  for (const std::uint64_t one : {MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE, MS_SHARED}) {
    if ((flags & one) != 0) TRY(set_attributes(mount, 0, 0, one, (flags & MS_REC) != 0, name));
  }
  return {};
}

}  // namespace creel::engine::runtime
