#include "engine/runtime/cgroup/tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <climits>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kMountPoint = "/sys/fs/cgroup";
constexpr const char* kUnifiedCure =
    "boot the host with the kernel parameter systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all)";

Result<Fd> open_directory(int at, const std::string& name) {
  return open_at(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// Names of the groups in a directory. Most have none, which the number of links does not tell on this file system.
Result<std::vector<std::string>> child_groups(int group) {
  TRY_SET(auto names, list_dir(group));
  std::vector<std::string> groups;
  for (std::string& name : names) {
    struct stat info {};
    if (fstatat(group, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode)) {
      groups.push_back(std::move(name));
    }
  }
  return groups;
}

}  // namespace

Result<Fd> open_hierarchy() {
  struct statfs info {};
  if (statfs(kMountPoint, &info) != 0 || info.f_type != CGROUP2_SUPER_MAGIC) {
    return fail(Code::kUnavailable, "this host has no unified control groups (cgroup v2) at /sys/fs/cgroup")
        .with_hint(kUnifiedCure);
  }
  return open_file(kMountPoint, O_RDONLY | O_DIRECTORY);
}

Result<std::string> clean_group_path(const std::string& path) {
  std::string clean;
  for (const std::string& part : split(path, '/')) {
    if (part.empty()) continue;
    if (part == "." || part == "..") return fail(Code::kInvalid, "control group " + path + ": \"" + part + "\" in it");
    if (part.size() > NAME_MAX) return fail(Code::kInvalid, "control group " + path + ": a name is too long");
    for (const char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        return fail(Code::kInvalid, "control group: a control character in its path");
      }
    }
    clean.append("/").append(part);
  }
  return clean.empty() ? std::string("/") : clean;
}

std::string parent_group(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Result<std::string> group_of(pid_t pid) {
  const std::string file = "/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/cgroup";
  TRY_SET(const std::string text, read_file(file));
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with("0::/")) continue;
    std::string path = line.substr(3);
    if (path.starts_with("/..") || path.ends_with(" (deleted)")) break;
    return path;
  }
  return fail(Code::kUnavailable, file + ": no control group that can be seen from here");
}

Result<Fd> open_group(int hierarchy, const std::string& path) {
  return open_beneath(hierarchy, path == "/" ? "." : path.substr(1), O_RDONLY | O_DIRECTORY);
}

Result<Fd> make_group(int hierarchy, const std::string& path) {
  auto there = open_group(hierarchy, path);
  if (there.ok() || there.error().err != ENOENT) return there;
  TRY_SET(Fd dir, open_group(hierarchy, "/"));
  std::string made;
  for (const std::string& name : split(path.substr(1), '/')) {
    made.append("/").append(name);
    if (mkdirat(dir.get(), name.c_str(), 0755) != 0 && errno != EEXIST)
      return errno_error("make the control group " + made);
    TRY_SET(dir, open_directory(dir.get(), name));
  }
  return dir;
}

bool group_writable(int group) {
  return faccessat(group, ".", W_OK | X_OK, AT_EACCESS) == 0 && faccessat(group, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

Result<std::string> read_group_file(int group, const std::string& name) {
  return read_file_at(group, name, 1 << 20);
}

Result<void> write_group_file(int group, const std::string& name, std::string_view value) {
  TRY_SET(const Fd file, open_at(group, name, O_WRONLY | O_NOFOLLOW));
  ssize_t n = 0;
  do {
    n = write(file.get(), value.data(), value.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno_error("write \"" + std::string(value) + "\" to " + name);
  return {};
}

Result<void> give_group(int group, uid_t uid) {
  const auto list = read_file("/sys/kernel/cgroup/delegate");
  const std::string names = list.ok() ? *list : "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
  if (fchown(group, uid, static_cast<gid_t>(-1)) != 0) return errno_error("change the owner of a control group");
  for (const std::string& name : split(trim(names), '\n')) {
    // Of controllers that are not there, there are no files.
    if (fchownat(group, name.c_str(), uid, static_cast<gid_t>(-1), AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT) {
      return errno_error("change the owner of " + name);
    }
  }
  return {};
}

std::string_view flat_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
      return line.substr(key.size() + 1);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

Result<void> await_group_event(int group, std::string_view key, std::string_view value, int timeout_ms) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  TRY_SET(const Fd events, open_at(group, "cgroup.events", O_RDONLY));
  for (;;) {
    if (lseek(events.get(), 0, SEEK_SET) < 0) return errno_error("read cgroup.events");
    TRY_SET(const std::string text, read_all(events.get()));
    if (flat_value(text, key) == value) return {};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return errno_error("wait for \"" + std::string(key) + " " + std::string(value) + "\"", ETIMEDOUT);
    // A change between the read and here is not lost: the kernel compares with what this descriptor has read.
    pollfd waiting{events.get(), POLLPRI, 0};
    if (poll(&waiting, 1, static_cast<int>(left)) < 0 && errno != EINTR) return errno_error("poll cgroup.events");
  }
}

Result<void> walk_groups(int top, const std::function<Result<void>(int, const std::string&, int)>& visit) {
  struct Level {
    std::string name;
    std::vector<std::string> left;  // children still to be visited
  };
  std::vector<Level> levels;
  TRY_SET(Fd here, open_directory(top, "."));
  TRY_SET(auto children, child_groups(here.get()));
  levels.push_back({"", std::move(children)});
  for (;;) {
    if (!levels.back().left.empty()) {
      std::string name = std::move(levels.back().left.back());
      levels.back().left.pop_back();
      auto child = open_directory(here.get(), name);
      if (!child.ok() && child.error().err == ENOENT) continue;
      TRY_SET(here, std::move(child));
      auto grandchildren = child_groups(here.get());
      levels.push_back({std::move(name), grandchildren.ok() ? std::move(*grandchildren) : std::vector<std::string>{}});
      continue;
    }
    const std::string name = std::move(levels.back().name);
    levels.pop_back();
    if (levels.empty()) return {};
    // ".." is safe here: groups cannot be renamed.
    TRY_SET(Fd parent, open_directory(here.get(), ".."));
    TRY(visit(parent.get(), name, here.get()));
    here = std::move(parent);
  }
}

Result<void> remove_groups(int parent, const std::string& name) {
  const auto remove = [](int at, const std::string& group) -> Result<void> {
    if (unlinkat(at, group.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    Error error = errno_error("remove the control group " + group);
    if (error.err == EBUSY) error.code = Code::kInUse;
    return error;
  };
  // Most have none beneath them.
  auto removed = remove(parent, name);
  if (removed.ok() || removed.error().err != EBUSY) return removed;
  auto group = open_directory(parent, name);
  if (!group.ok() && group.error().err == ENOENT) return {};
  TRY_SET(const Fd top, std::move(group));
  TRY(walk_groups(top.get(), [&remove](int at, const std::string& child, int) { return remove(at, child); }));
  return remove(parent, name);
}

}  // namespace creel::engine::runtime
