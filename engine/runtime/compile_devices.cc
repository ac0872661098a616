#include "engine/runtime/compile_devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::runtime {

namespace {

MountStep device_step(const std::string& path, mode_t type, std::uint32_t mode, dev_t device, bool in_userns) {
  MountStep step;
  step.kind = MountStep::Kind::kDevice;
  step.destination = path;
  step.mode = type | (mode & 07777);
  step.device = device;
  // A FIFO is anybody's to make.
  if (in_userns && type != S_IFIFO) step.source = path;
  return step;
}

MountStep symlink_step(const char* path, const char* target) {
  MountStep step;
  step.kind = MountStep::Kind::kSymlink;
  step.destination = path;
  step.source = target;
  return step;
}

bool mounted_at(const Spec& spec, const std::string& path) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const Mount& mount) { return mount.destination == path; });
}

bool listed(const Spec& spec, const std::string& path) {
  return std::any_of(spec.devices.begin(), spec.devices.end(), [&](const Device& device) { return device.path == path; });
}

// A directory of the host as /dev has its own devices, which are not to be changed.
bool own_dev(const Spec& spec) {
  const Mount* dev = nullptr;
  for (const Mount& mount : spec.mounts) {
    if (mount.destination == "/dev") dev = &mount;
  }
  return dev == nullptr || dev->type != "bind";
}

// /dev/console belongs to the terminal, which the first process mounts itself.
void add_default_devices(const Spec& spec, bool in_userns, Plan& plan) {
  struct Known {
    const char* path;
    unsigned major, minor;
  };
  static constexpr std::array<Known, 6> kDevices = {{{"/dev/null", 1, 3},
                                                     {"/dev/zero", 1, 5},
                                                     {"/dev/full", 1, 7},
                                                     {"/dev/random", 1, 8},
                                                     {"/dev/urandom", 1, 9},
                                                     {"/dev/tty", 5, 0}}};
  static constexpr std::array<std::pair<const char*, const char*>, 6> kLinks = {{{"/dev/fd", "/proc/self/fd"},
                                                                                 {"/dev/stdin", "/proc/self/fd/0"},
                                                                                 {"/dev/stdout", "/proc/self/fd/1"},
                                                                                 {"/dev/stderr", "/proc/self/fd/2"},
                                                                                 {"/dev/core", "/proc/kcore"},
                                                                                 {"/dev/ptmx", "pts/ptmx"}}};
  for (const Known& known : kDevices) {
    if (mounted_at(spec, known.path) || listed(spec, known.path)) continue;
    plan.mounts.push_back(device_step(known.path, S_IFCHR, 0666, makedev(known.major, known.minor), in_userns));
  }
  for (const auto& [path, target] : kLinks) {
    if (!mounted_at(spec, path) && !listed(spec, path)) plan.mounts.push_back(symlink_step(path, target));
  }
}

bool is_device(const std::string& path, mode_t type, dev_t device) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && (info.st_mode & S_IFMT) == type && info.st_rdev == device;
}

// Where the host has it: the specification says what the container calls it.
Result<std::string> host_path(const Device& device, mode_t type, dev_t number) {
  if (is_device(device.path, type, number)) return device.path;
  const std::string numbers = std::to_string(device.major) + ":" + std::to_string(device.minor);
  auto event = read_file(std::string("/sys/dev/") + (type == S_IFBLK ? "block/" : "char/") + numbers + "/uevent", 65536);
  if (event.ok()) {
    for (const std::string& line : split(*event, '\n')) {
      if (line.starts_with("DEVNAME=") && is_device("/dev/" + line.substr(8), type, number)) return "/dev/" + line.substr(8);
    }
  }
  return fail(Code::kNotFound, "device " + device.path + ": the host has no device " + numbers)
      .with_hint("in a user namespace devices are the host's; they cannot be made");
}

Result<MountStep> compile_device(const Device& device, bool in_userns) {
  if (device.path.empty() || device.path[0] != '/') {
    return fail(Code::kInvalid, "device \"" + device.path + "\": an absolute path is expected");
  }
  const mode_t type = device.type == 'b' ? S_IFBLK : device.type == 'p' ? S_IFIFO : S_IFCHR;
  if (type == S_IFCHR && device.type != 'c' && device.type != 'u') {
    return fail(Code::kInvalid, "device " + device.path + ": unknown type \"" + device.type + "\"");
  }
  if (device.major < 0 || device.minor < 0) {
    return fail(Code::kInvalid, "device " + device.path + ": its numbers must not be negative");
  }
  const dev_t number = makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
  MountStep step = device_step(device.path, type, device.mode, number, in_userns);
  // What is bound keeps the owner that it has on the host.
  if (step.source.empty()) {
    step.uid = device.uid;
    step.gid = device.gid;
  } else {
    TRY_SET(step.source, host_path(device, type, number));
  }
  return step;
}

}  // namespace

Result<void> compile_devices(const Spec& spec, bool in_userns, Plan& plan) {
  if (own_dev(spec)) add_default_devices(spec, in_userns, plan);
  for (const Device& device : spec.devices) {
    TRY_SET(MountStep step, compile_device(device, in_userns));
    plan.mounts.push_back(std::move(step));
  }
  return {};
}

}  // namespace creel::engine::runtime
