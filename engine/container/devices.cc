#include "engine/container/devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

namespace creel::engine {

namespace {

constexpr int kDeepest = 8;

bool is_device(const struct stat& info) {
  return S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
}

HostDevice describe(const std::string& source, const std::string& destination, const std::string& access,
                    const struct stat& info) {
  HostDevice out{source, destination, access, {}};
  out.node.path = destination;
  out.node.type = S_ISBLK(info.st_mode) ? 'b' : 'c';
  out.node.major = major(info.st_rdev);
  out.node.minor = minor(info.st_rdev);
  out.node.mode = info.st_mode & 07777;
  out.node.uid = info.st_uid;
  out.node.gid = info.st_gid;
  return out;
}

// Names beneath /dev that are no devices of the host's, or that a container has of its own.
bool is_skipped(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {"pts",  "shm",     "fd",   "mqueue",
                                                             ".lxc", ".lxd-mounts", ".udev", "console"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void walk(const std::string& source, const std::string& destination, const std::string& access, int depth,
          std::vector<HostDevice>& out) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(source.c_str()), closedir);
  if (!dir || depth > kDeepest) return;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || is_skipped(name)) continue;
    struct stat info {};
    if (fstatat(dirfd(dir.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string from = source + "/" + name;
    const std::string to = destination + "/" + name;
    if (S_ISDIR(info.st_mode)) {
      walk(from, to, access, depth + 1, out);
    } else if (is_device(info)) {
      out.push_back(describe(from, to, access, info));
    }
  }
}

Result<std::optional<std::int64_t>> device_number(const std::string& word, const std::string& text) {
  if (word == "*") return std::optional<std::int64_t>();
  auto parsed = parse_int(word, "device number");
  if (!parsed.ok() || *parsed < 0) return fail(Code::kInvalid, "invalid device number in device-access-add: " + text);
  return std::optional<std::int64_t>(*parsed);
}

}  // namespace

Result<std::vector<HostDevice>> host_devices(const std::string& device) {
  const std::vector<std::string> parts = split(device, ':');
  if (parts.size() != 3) return fail(Code::kInvalid, "device \"" + device + "\": HOST:CONTAINER:rwm is expected");
  struct stat info {};
  if (stat(parts[0].c_str(), &info) != 0) return errno_error("stat " + parts[0]);
  std::vector<HostDevice> out;
  if (S_ISDIR(info.st_mode)) {
    walk(parts[0], parts[1], parts[2], 0, out);
    if (out.empty()) return fail(Code::kInvalid, "no devices found in " + parts[0]);
    return out;
  }
  if (!is_device(info)) return fail(Code::kInvalid, parts[0] + " is not a device");
  // What a link leads to is bound, under the name that was asked for.
  const std::unique_ptr<char, void (*)(void*)> real(realpath(parts[0].c_str(), nullptr), free);
  out.push_back(describe(real ? std::string(real.get()) : parts[0], parts[1], parts[2], info));
  return out;
}

std::vector<HostDevice> all_host_devices(bool openable) {
  std::vector<HostDevice> out;
  walk("/dev", "/dev", "rwm", 0, out);
  std::erase_if(out, [&](const HostDevice& device) {
    if (device.source.rfind("/dev/tty", 0) == 0 || device.source == "/dev/ptmx") return true;
    return openable && access(device.source.c_str(), R_OK) != 0 && access(device.source.c_str(), W_OK) != 0;
  });
  std::sort(out.begin(), out.end(), [](const HostDevice& a, const HostDevice& b) { return a.source < b.source; });
  return out;
}

Result<runtime::DeviceRule> parse_device_rule(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& word : split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  if (words.size() != 3) {
    return fail(Code::kInvalid, "invalid device cgroup rule \"" + text + "\": TYPE MAJOR:MINOR ACCESS is expected");
  }
  runtime::DeviceRule out;
  out.allow = true;
  if (words[0] != "a" && words[0] != "b" && words[0] != "c") {
    return fail(Code::kInvalid, "invalid device type in device-access-add: " + words[0]);
  }
  out.type = words[0][0];
  const Cut numbers = cut(words[1], ':');
  if (!numbers.found) return fail(Code::kInvalid, "invalid device number in device-access-add: " + words[1]);
  TRY_SET(out.major, device_number(numbers.before, words[1]));
  TRY_SET(out.minor, device_number(numbers.after, words[1]));
  if (words[2].find_first_not_of("rwm") != std::string::npos || words[2].size() > 3) {
    return fail(Code::kInvalid, "invalid device access in device-access-add: " + words[2]);
  }
  out.access = words[2];
  return out;
}

}  // namespace creel::engine
