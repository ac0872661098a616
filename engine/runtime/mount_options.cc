#include "engine/runtime/mount_options.h"

#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace creel::engine::runtime {

namespace {

struct Attribute {
  std::string_view name;
  std::uint64_t bit;
  bool set;
};

// What takes a restriction away only undoes an earlier option of the same list. A bind never gets more than the mount
// that it comes from has: an ordinary user could not, and root should say so on the host.
constexpr std::array<Attribute, 12> kAttributes = {{
    {"ro", MOUNT_ATTR_RDONLY, true},
    {"rw", MOUNT_ATTR_RDONLY, false},
    {"nosuid", MOUNT_ATTR_NOSUID, true},
    {"suid", MOUNT_ATTR_NOSUID, false},
    {"nodev", MOUNT_ATTR_NODEV, true},
    {"dev", MOUNT_ATTR_NODEV, false},
    {"noexec", MOUNT_ATTR_NOEXEC, true},
    {"exec", MOUNT_ATTR_NOEXEC, false},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, true},
    {"diratime", MOUNT_ATTR_NODIRATIME, false},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, true},
    {"symfollow", MOUNT_ATTR_NOSYMFOLLOW, false},
}};

// One field of three values; "no" before two of them means the kernel's default, relatime.
constexpr std::array<Attribute, 6> kAccessTimes = {{
    {"relatime", MOUNT_ATTR_RELATIME, true},
    {"atime", MOUNT_ATTR_RELATIME, true},
    {"norelatime", MOUNT_ATTR_RELATIME, true},
    {"nostrictatime", MOUNT_ATTR_RELATIME, true},
    {"noatime", MOUNT_ATTR_NOATIME, true},
    {"strictatime", MOUNT_ATTR_STRICTATIME, true},
}};

// Of a file system, not of a mount: flags of the superblock, and what each type of itself takes.
struct Parameters {
  std::string_view type;
  std::string_view names;  // a space before and after each
};
constexpr std::string_view kSuperblock = " sync async dirsync lazytime nolazytime mand nomand ";
constexpr std::array<Parameters, 6> kParameters = {{
    {"tmpfs", " size nr_blocks nr_inodes mode uid gid huge mpol inode32 inode64 noswap "},
    {"devpts", " newinstance ptmxmode mode uid gid max "},
    {"proc", " hidepid gid subset "},
    {"cgroup2", " nsdelegate favordynmods memory_localevents memory_recursiveprot pids_localevents "},
    {"mqueue", " "},
    {"sysfs", " "},
}};

bool among(std::string_view names, const std::string& name) {
  return names.find(" " + name + " ") != std::string_view::npos;
}

bool takes(const std::string& type, const std::string& option) {
  const std::string key = option.substr(0, option.find('='));
  if (key.empty() || option.find(',') != std::string::npos || key.find(' ') != std::string::npos) return false;
  if (among(kSuperblock, option)) return true;
  const auto* known =
      std::find_if(kParameters.begin(), kParameters.end(), [&](const Parameters& one) { return one.type == type; });
  // The kernel judges what it is asked for of other file systems.
  return known == kParameters.end() || among(known->names, key);
}

bool apply_attribute(const std::string& option, MountStep& step) {
  for (const Attribute& attribute : kAttributes) {
    if (attribute.name != option) continue;
    if (attribute.set) {
      step.attr_set |= attribute.bit;
    } else {
      step.attr_set &= ~attribute.bit;
    }
    return true;
  }
  for (const Attribute& time : kAccessTimes) {
    if (time.name != option) continue;
    step.attr_set = (step.attr_set & ~std::uint64_t{MOUNT_ATTR__ATIME}) | time.bit;
    // The host's setting gives way; a new mount has none.
    if (step.kind == MountStep::Kind::kBind) step.attr_clear |= MOUNT_ATTR__ATIME;
    return true;
  }
  return false;
}

// "rro", "rnosuid", "rexec", …: of the whole tree. Here what takes a restriction away does so, and fails where it may not:
// nobody writes "rrw" by the way.
bool apply_recursive_attribute(const std::string& option, MountStep& step) {
  if (option.size() < 2 || option[0] != 'r') return false;
  const std::string_view name = std::string_view(option).substr(1);
  for (const Attribute& attribute : kAttributes) {
    if (attribute.name != name) continue;
    (attribute.set ? step.attr_set_recursive : step.attr_clear_recursive) |= attribute.bit;
    (attribute.set ? step.attr_clear_recursive : step.attr_set_recursive) &= ~attribute.bit;
    return true;
  }
  for (const Attribute& time : kAccessTimes) {
    if (time.name != name) continue;
    step.attr_set_recursive = (step.attr_set_recursive & ~std::uint64_t{MOUNT_ATTR__ATIME}) | time.bit;
    step.attr_clear_recursive |= MOUNT_ATTR__ATIME;
    return true;
  }
  return false;
}

Result<void> apply(const std::string& option, MountStep& step) {
  const bool bind = step.kind == MountStep::Kind::kBind;
  if (option == "defaults" || option == "bind" || option == "z" || option == "Z" || option == "notmpcopyup") return {};
  if (apply_attribute(option, step) || apply_recursive_attribute(option, step)) return {};
  if (const std::uint64_t propagation = propagation_of(option); propagation != 0) {
    step.propagation |= propagation;
    return {};
  }
  if (bind && (option == "idmap" || option == "ridmap")) {
    step.idmap = true;
    step.idmap_recursive = option == "ridmap";
    return {};
  }
  if (option == "rbind") {
    step.recursive = true;
    return {};
  }
  if (option == "U") {
    step.chown = true;
    return {};
  }
  if (option == "remount") return {};
  if (option == "tmpcopyup" && step.type == "tmpfs") {
    step.kind = MountStep::Kind::kTmpcopyup;
    return {};
  }
  // A bind has the superblock of its source.
  if (bind && among(kSuperblock, option)) return {};
  if (!bind && takes(step.type, option)) {
    step.data += (step.data.empty() ? "" : ",") + option;
    return {};
  }
  return fail(Code::kInvalid, "mounting on " + step.destination + ": unknown mount option \"" + option + "\"");
}

bool has_option(const Mount& mount, std::string_view option) {
  return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

bool is_bind(const Mount& mount) { return mount.type == "bind" || has_option(mount, "bind") || has_option(mount, "rbind"); }

// As mount(8) has it: what is not asked for again is taken away.
void make_remount(MountStep& step) {
  constexpr std::uint64_t kAll = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  step.kind = MountStep::Kind::kRemount;
  step.attr_clear |= kAll & ~step.attr_set;
}

Result<void> apply_id_mappings(const Mount& mount, MountStep& step) {
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
    return fail(Code::kInvalid, "mounting on " + mount.destination + ": mappings of both user and group IDs are needed, or of neither");
  }
  if (!mount.uid_mappings.empty()) {
    step.idmap = true;
    if (step.kind != MountStep::Kind::kBind) {
      return fail(Code::kInvalid, "mounting on " + mount.destination + ": only what is bound can have its IDs mapped");
    }
    TRY_SET(step.uid_map, compile_id_map(mount.uid_mappings));
    TRY_SET(step.gid_map, compile_id_map(mount.gid_mappings));
  }
  step.idmap_container = step.idmap && mount.uid_mappings.empty();
  return {};
}

}  // namespace

std::uint64_t propagation_of(const std::string& option) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kAll = {
      {{"private", MS_PRIVATE}, {"slave", MS_SLAVE}, {"shared", MS_SHARED}, {"unbindable", MS_UNBINDABLE}}};
  for (const auto& [name, value] : kAll) {
    if (option == name) return value;
    if (option.size() == name.size() + 1 && option[0] == 'r' && option.substr(1) == name) return value | MS_REC;
  }
  return 0;
}

Result<std::vector<IdMapStep>> compile_id_map(const std::vector<IdMapping>& map) {
  std::vector<IdMapStep> out;
  for (const IdMapping& range : map) {
    constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;
    if (range.size == 0 || std::uint64_t{range.container_id} + range.size > kEnd ||
        std::uint64_t{range.host_id} + range.size > kEnd) {
      return fail(Code::kInvalid, "ID mapping " + std::to_string(range.container_id) + ":" +
                                      std::to_string(range.host_id) + ":" + std::to_string(range.size) +
                                      ": not a range of IDs");
    }
    out.push_back({range.container_id, range.host_id, range.size});
  }
  return out;
}

Result<MountStep> compile_mount(const Mount& mount) {
  MountStep step;
  step.destination = mount.destination;
  if (mount.destination.empty() || mount.destination[0] != '/') {
    return fail(Code::kInvalid, "mounting on \"" + mount.destination + "\": an absolute path is expected");
  }
  const bool remounts = has_option(mount, "remount");
  if (remounts) {
    step.kind = MountStep::Kind::kBind;
  } else if (is_bind(mount)) {
    step.kind = MountStep::Kind::kBind;
    step.copy_up = mount.copy_up;
    step.keep_owner = mount.keep_owner;
    step.subpath = mount.subpath;
    step.deep = mount.deep;
    step.source_namespace = mount.source_namespace;
    if (mount.source.empty() || mount.source[0] != '/') {
      return fail(Code::kInvalid,
                  "mounting on " + mount.destination + ": source \"" + mount.source + "\" is not an absolute path");
    }
  } else if (!mount.lower.empty()) {
    step.kind = MountStep::Kind::kOverlay;
    step.type = "overlay";
    step.lower = mount.lower;
    step.upper = mount.upper;
    step.work = mount.work;
    step.user_xattr = mount.user_xattr;
  } else {
    step.kind = MountStep::Kind::kFilesystem;
    if (mount.type.empty()) return fail(Code::kInvalid, "mounting on " + mount.destination + ": no type is given");
    // The specification's name for whatever the host has; compile() knows about hosts.
    step.type = mount.type == "cgroup" ? "cgroup2" : mount.type;
  }
  step.source = mount.source;
  for (const std::string& option : mount.options) TRY(apply(option, step));
  TRY(apply_id_mappings(mount, step));
  if (remounts) make_remount(step);
  return step;
}

}  // namespace creel::engine::runtime
