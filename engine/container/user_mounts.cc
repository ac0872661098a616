#include "engine/container/user_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/spec_passes.h"
#include "engine/container/state.h"
#include "engine/volume/volume.h"
#include "rootless/userns.h"

namespace creel::engine {

namespace {

using runtime::Mount;

bool has(const std::vector<std::string>& options, std::initializer_list<const char*> any) {
  return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
    return std::any_of(any.begin(), any.end(), [&](const char* one) { return option == one; });
  });
}

std::string value_of(const std::vector<std::string>& options, const std::string& key) {
  for (const std::string& option : options) {
    if (option.rfind(key + "=", 0) == 0) return option.substr(key.size() + 1);
  }
  return {};
}

bool is_overlay(const VolumeMount& mount) {
  if (mount.type == VolumeMount::Type::kImage) return true;
  return mount.type != VolumeMount::Type::kTmpfs && has(mount.options, {"O"});
}
bool is_written_over(const VolumeMount& mount) {
  if (mount.type == VolumeMount::Type::kImage) return has(mount.options, {"rw"});
  return is_overlay(mount) && value_of(mount.options, "upperdir").empty();
}

// Where what is written over mount number `index` goes.
std::string written_dir(Engine& engine, const ContainerConfig& config, std::size_t index) {
  return engine.paths().container(config.id) + "/mounts/" + std::to_string(index);
}

// "uids=0-1-10#10-11-10;gids=0-100-10": container, host, size.
Result<std::vector<runtime::IdMapping>> parse_ranges(const std::string& text, const std::string& whole) {
  std::vector<runtime::IdMapping> out;
  for (const std::string& range : split(text, '#')) {
    const std::vector<std::string> numbers = split(range, '-');
    const Error bad = fail(Code::kInvalid, "invalid idmap \"" + whole +
                                               "\": must be uids=CONTAINER-HOST-SIZE[#…];gids=CONTAINER-HOST-SIZE[#…]");
    if (numbers.size() != 3) return bad;
    std::uint32_t values[3];
    for (int i = 0; i < 3; ++i) {
      auto number = parse_int(numbers[static_cast<std::size_t>(i)], "idmap");
      if (!number.ok() || *number < 0 || *number > UINT32_MAX) return bad;
      values[i] = static_cast<std::uint32_t>(*number);
    }
    out.push_back({values[0], values[1], values[2]});
  }
  return out;
}

Result<void> add_id_maps(const std::string& text, Mount& out) {
  for (const std::string& part : split(text, ';')) {
    const Cut pair = cut(part, '=');
    if (pair.before != "uids" && pair.before != "gids")
      return fail(Code::kInvalid, "invalid idmap \"" + text + "\": neither uids= nor gids=");
    TRY_SET((pair.before == "uids" ? out.uid_mappings : out.gid_mappings), parse_ranges(pair.after, text));
  }
  return {};
}

// The mount's own options; those that only Creel reads are left out.
Result<void> add_options(const VolumeMount& mount, Mount& out) {
  for (const std::string& option : mount.options) {
    // SELinux labels are not set here; copying is a flag of its own.
    if (option == "z" || option == "Z" || option == "copy" || option == "nocopy" || option == "notmpcopyup" ||
        option == "O")
      continue;
    if (option.rfind("upperdir=", 0) == 0 || option.rfind("workdir=", 0) == 0) continue;
    if (mount.type != VolumeMount::Type::kTmpfs && option.rfind("subpath=", 0) == 0) {
      out.subpath = option.substr(8);
    } else if (option.rfind("idmap=", 0) == 0) {
      TRY(add_id_maps(option.substr(6), out));
    } else {
      out.options.push_back(option);
    }
  }
  return {};
}

void add_defaults(Mount& out, bool bind) {
  if (bind && !has(out.options, {"bind", "rbind"})) out.options.emplace_back("rbind");
  if (bind &&
      !has(out.options, {"shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"})) {
    out.options.emplace_back("rprivate");
  }
}

void restrict(Mount& out) {
  if (!has(out.options, {"suid", "nosuid"})) out.options.emplace_back("nosuid");
  if (!has(out.options, {"dev", "nodev"})) out.options.emplace_back("nodev");
}

// A tmpfs is where it is mounted: who comes second is given the first one's.
Result<bool> borrow(Engine& engine, const ContainerConfig& config, const VolumeMount& mount, Mount& out) {
  TRY_SET(storage::Store * store, engine.store());
  TRY_SET(const auto users, store->volume_users(mount.name));
  for (const std::string& id : users) {
    if (id == config.id) continue;
    const monitor::Observed observed = observe(engine, id);
    if (!is_alive(observed) || !observed.state) continue;
    TRY_SET(const storage::ContainerRecord record, find_record(engine, id));
    TRY_SET(const ContainerConfig other, config_of(record));
    for (const VolumeMount& theirs : other.mounts) {
      if (theirs.type != VolumeMount::Type::kVolume || theirs.name != mount.name) continue;
      out.type = "bind";
      out.source = theirs.destination;
      out.source_namespace = "/proc/" + std::to_string(observed.state->pid) + "/ns/mnt";
      add_defaults(out, true);
      return true;
    }
  }
  return false;
}

// A volume whose options say what is mounted.
Result<void> mount_by_driver(Engine& engine, const ContainerConfig& config, const VolumeMount& mount, Mount& out) {
  const auto option = [&](const char* key) {
    const auto found = mount.driver_options.find(key);
    return found == mount.driver_options.end() ? std::string() : found->second;
  };
  std::vector<std::string> own = split(option("o"), ',');
  std::erase_if(own, [](const std::string& one) { return one.empty() || one == "defaults"; });
  const std::string type = option("type");
  const bool bind = type == "bind" || has(own, {"bind", "rbind"});
  restrict(out);
  if (type == "tmpfs") {
    TRY_SET(const bool borrowed, borrow(engine, config, mount, out));
    if (borrowed) return {};
  }
  out.options.insert(out.options.begin(), own.begin(), own.end());
  if (!bind) {
    if (type.empty()) return fail(Code::kInvalid, "volume " + mount.name + ": its options name a device and no type");
    out.type = type;
    out.source = option("device").empty() ? type : option("device");
    return {};
  }
  std::erase_if(out.options,
                [](const std::string& one) { return one.rfind("uid=", 0) == 0 || one.rfind("gid=", 0) == 0; });
  out.type = "bind";
  out.source = option("device");
  if (!path_exists(out.source)) {
    return errno_error("mounting volume " + mount.name + " from " + out.source, ENOENT);
  }
  add_defaults(out, true);
  return {};
}

void mount_overlay(Engine& engine, const ContainerConfig& config, const VolumeMount& mount, std::size_t index,
                   Mount& out) {
  out.type = "overlay";
  out.source = "overlay";
  out.user_xattr = engine.rootless();
  if (mount.type == VolumeMount::Type::kImage) {
    for (auto layer = mount.layers.rbegin(); layer != mount.layers.rend(); ++layer) {
      out.lower.push_back(engine.paths().layer(*layer));
    }
    if (!has(mount.options, {"rw"})) out.options.emplace_back("ro");
  } else {
    out.lower.push_back(mount.source);
  }
  out.upper = value_of(mount.options, "upperdir");
  out.work = value_of(mount.options, "workdir");
  // A single layer is no overlay without something above it.
  if (is_written_over(mount) || (out.lower.size() < 2 && out.upper.empty())) {
    out.upper = written_dir(engine, config, index) + "/upper";
    out.work = written_dir(engine, config, index) + "/work";
  }
}

Result<Mount> user_mount(Engine& engine, const ContainerConfig& config, std::size_t index) {
  const VolumeMount& mount = config.mounts[index];
  Mount out;
  out.destination = mount.destination;
  TRY(add_options(mount, out));
  if (mount.type == VolumeMount::Type::kTmpfs) {
    out.type = "tmpfs";
    out.source = "tmpfs";
    restrict(out);
    if (!has(mount.options, {"notmpcopyup", "tmpcopyup"})) out.options.emplace_back("tmpcopyup");
    return out;
  }
  if (is_overlay(mount)) {
    restrict(out);
    mount_overlay(engine, config, mount, index, out);
    return out;
  }
  if (is_mounted(mount.driver_options)) {
    TRY(mount_by_driver(engine, config, mount, out));
    return out;
  }
  out.type = "bind";
  out.source = mount.source;
  add_defaults(out, true);
  if (mount.type == VolumeMount::Type::kVolume) {
    restrict(out);
    out.copy_up = !has(mount.options, {"nocopy"}) && !mount.driver_options.contains("nocopy") && out.subpath.empty();
    out.keep_owner = mount.driver_options.contains("UID") || mount.driver_options.contains("GID");
  }
  return out;
}

struct Written {
  std::string dir, like;
};

// Runs inside the user namespace: what was written belongs to any of the container's IDs. The top looks like what it
// covers.
Result<void> renew_inside(void* argument) {
  for (const Written& written : *static_cast<const std::vector<Written>*>(argument)) {
    TRY(make_dirs(written.dir));
    TRY_SET(const Fd dir, open_file(written.dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    for (const char* name : {"upper", "work"}) {
      TRY(remove_tree_at(dir.get(), name));
      if (mkdirat(dir.get(), name, 0700) != 0) return errno_error("making directory " + written.dir + "/" + name);
    }
    struct stat info {};
    if (stat(written.like.c_str(), &info) != 0) return errno_error("stat " + written.like);
    if (!S_ISDIR(info.st_mode))
      return fail(Code::kInvalid, written.like + ": only a directory can be mounted with the option O");
    TRY_SET(const Fd upper, open_at(dir.get(), "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    (void)!fchown(upper.get(), info.st_uid, info.st_gid);
    if (fchmod(upper.get(), info.st_mode & 07777) != 0)
      return errno_error("setting the mode of " + written.dir + "/upper");
  }
  return {};
}

}  // namespace

Result<std::vector<Mount>> user_mounts(Engine& engine, const ContainerConfig& config) {
  std::vector<Mount> out;
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    TRY_SET(Mount mount, user_mount(engine, config, i));
    out.push_back(std::move(mount));
  }
  return out;
}

Result<void> prepare_user_mounts(Engine& engine, const ContainerConfig& config) {
  std::vector<Written> written;
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const VolumeMount& mount = config.mounts[i];
    if (mount.type == VolumeMount::Type::kVolume)
      TRY(ensure_volume_directory(engine, mount.name, mount.driver_options));
    if (!is_overlay(mount) || !value_of(mount.options, "upperdir").empty()) continue;
    const std::string like =
        mount.type == VolumeMount::Type::kImage ? engine.paths().layer(mount.layers.back()) : mount.source;
    written.push_back({written_dir(engine, config, i), like});
  }
  if (written.empty()) return {};
  return rootless::run_inside(engine.identity(), engine.paths().runtime, renew_inside, &written);
}

}  // namespace creel::engine
