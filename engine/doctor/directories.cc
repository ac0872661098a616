// Where things are kept: the runtime directory, the store, and the file system below it.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "engine/doctor/probes.h"
#include "storage/paths.h"

namespace creel::engine {

namespace {

constexpr const char* kRuntime = "runtime directory";
constexpr const char* kStore = "store";
constexpr const char* kFileSystem = "store file system";
constexpr const char* kElsewhere = "creel --root DIRECTORY, or export XDG_DATA_HOME=DIRECTORY, one on a local disk";

struct FileSystem {
  unsigned long magic;  // statfs(2)
  const char* name;
  bool remote;
};
constexpr FileSystem kFileSystems[] = {
    {0x6969, "nfs", true},          {0xff534d42, "cifs", true},      {0xfe534d42, "smb2", true},
    {0x0bd00bd0, "lustre", true},   {0x47504653, "gpfs", true},      {0x00c36400, "ceph", true},
    {0x5346414f, "afs", true},      {0x01021997, "9p", true},        {0x65735546, "fuse", true},
    {0x794c7630, "overlay", false}, {0x01021994, "tmpfs", false},    {0xef53, "ext4", false},
    {0x58465342, "xfs", false},     {0x9123683e, "btrfs", false},    {0x2fc12fc1, "zfs", false},
    {0xf2f52010, "f2fs", false},    {0xca451a4e, "bcachefs", false},
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

void examine_runtime(Examination& host) {
  auto found = rootless::directories(host.identity, host.options.root, host.options.runroot);
  if (!found.ok()) {
    host.add({kRuntime, Health::kFails, found.error().text, "no container runs", found.error().hint});
    return;
  }
  host.directories = std::move(*found);
  const std::string& dir = host.directories->runtime;
  if (auto written = write_atomic(dir + "/doctor", "x"); !written.ok()) {
    host.add({kRuntime, Health::kFails, written.error().text, "no container runs",
              "creel --runroot DIRECTORY, or export XDG_RUNTIME_DIR=DIRECTORY, one of your own with mode 0700"});
    return;
  }
  unlink((dir + "/doctor").c_str());
  const std::string wanted = variable("XDG_RUNTIME_DIR");
  if (host.root() || !host.options.runroot.empty() || (!wanted.empty() && dir.starts_with(wanted + "/"))) {
    host.ok(kRuntime, dir);
    return;
  }
  const std::string why =
      wanted.empty() ? "XDG_RUNTIME_DIR is not set" : "XDG_RUNTIME_DIR=" + wanted + " cannot be used";
  if (dir.starts_with("/run/")) {
    host.ok(kRuntime, dir + "; " + why);
    return;
  }
  const std::string uid = std::to_string(geteuid());
  host.add({kRuntime, Health::kLimited, dir + " in its place: " + why,
            "systemd cannot be asked for limits, and commands with another XDG_RUNTIME_DIR do not see what runs",
            "sudo loginctl enable-linger " + rootless::user_name() + " && export XDG_RUNTIME_DIR=/run/user/" + uid});
}

// The store is not made for a look at it.
std::string nearest_existing(std::string path) {
  while (path.size() > 1 && !path_exists(path)) path = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  return path;
}

Result<void> make_scratch(Examination& host) {
  const storage::Paths paths{host.directories->store, host.directories->runtime};
  const bool staging = path_exists(paths.staging());
  const std::string parent = staging ? paths.staging() : nearest_existing(paths.store);
  const std::string path = parent + "/" + (staging ? "" : ".creel-doctor-") + random_hex(8);
  if (staging) {
    TRY_SET(host.scratch_lock, FileLock::acquire(path + std::string(storage::kLockSuffix)));
  }
  if (mkdir(path.c_str(), 0700) != 0) return errno_error("making a directory in " + parent);
  host.scratch = path;
  return {};
}

void examine_file_system(Examination& host) {
  struct statfs info {};
  if (statfs(host.scratch.c_str(), &info) != 0) return;
  std::string name = "an unknown file system";
  bool remote = false;
  for (const FileSystem& known : kFileSystems) {
    if (known.magic != static_cast<unsigned long>(info.f_type)) continue;
    name = known.name;
    remote = known.remote;
  }
  const auto free = static_cast<unsigned long long>(info.f_bavail) * static_cast<unsigned long long>(info.f_bsize);
  const std::string found = name + ", " + std::to_string(free >> 20) + " MiB free";
  constexpr unsigned long long kLittle = 1ull << 30;
  if (remote) {
    host.add({kFileSystem, Health::kLimited, found,
              "files of other owners may be refused there, overlays may not mount, and all is slower", kElsewhere});
  } else if (free < kLittle) {
    host.add({kFileSystem, Health::kLimited, found, "images of any size do not fit", "creel system prune --all"});
  } else {
    host.ok(kFileSystem, found);
  }
}

}  // namespace

void examine_directories(Examination& host) {
  examine_runtime(host);
  if (!host.directories) {
    host.add({kStore, Health::kUntried, {}, {}, {}});
    return;
  }
  const std::string& store = host.directories->store;
  if (auto made = make_scratch(host); !made.ok()) {
    host.add({kStore, Health::kFails, made.error().text, "no image can be kept in " + store + ", and no container",
              kElsewhere});
    return;
  }
  host.ok(kStore, path_exists(store) ? store : store + " will be made");
  examine_file_system(host);
}

void remove_scratch(Examination& host) {
  if (host.scratch.empty()) return;
  const std::size_t slash = host.scratch.rfind('/');
  auto parent = open_file(host.scratch.substr(0, slash), O_RDONLY | O_DIRECTORY);
  if (!parent.ok()) return;
  const std::string name = host.scratch.substr(slash + 1);
  (void)remove_tree_at(parent->get(), name).ok();
  if (host.scratch_lock) unlinkat(parent->get(), (name + std::string(storage::kLockSuffix)).c_str(), 0);
  host.scratch_lock.reset();
}

}  // namespace creel::engine
